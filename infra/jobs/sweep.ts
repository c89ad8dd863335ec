// Ends every local job, for a stack that is being stopped: none may go on without anybody to collect its work.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../process/identity.ts';
import { readProcess } from './folder.ts';
import { endJob } from './local.ts';

/** SIGTERM to each running job, so that it checkpoints; SIGKILL after `graceMs`. Returns how many ran. */
export async function endAllJobs(jobsDir: string, graceMs: number): Promise<number> {
  const names = await readdir(jobsDir).catch(() => []);
  const processes = await Promise.all(names.map((name) => readProcess(join(jobsDir, name)).catch(() => undefined)));
  const running = processes.filter((one) => one !== undefined).filter(isAlive);
  await Promise.all(running.map((job) => endJob(job, graceMs)));
  return running.length;
}
