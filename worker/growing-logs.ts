// The logs of a running job as files of this machine: its own where it runs here, else the ends that its runner tells, one behind the other.
import { appendFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { GrowingLogs } from '../activities/monitor.ts';
import type { JobDocument, JobRunner } from '../contracts/job.ts';
import { makeTemporaryFolder } from '../infra/process/work-folder.ts';

const LINES = 2_000;
const LOOK_MS = 10_000;
/** Then it begins anew: what follows it sees that it was cut. */
const MOST_BYTES = 256 * 2 ** 20;

export const growingLogs =
  (jobs: JobRunner, lookMs = LOOK_MS) =>
  async (name: JobDocument['name']): Promise<GrowingLogs> => {
    const paths = jobs.logFiles?.(name);
    if (paths !== undefined) return { paths, bytes: () => bytesOf(paths), close: async () => undefined };
    const folder = await makeTemporaryFolder('monitor');
    const path = join(folder, 'log');
    let before: readonly string[] = [];
    let asking: Promise<void> = Promise.resolve();
    const look = async (): Promise<void> => {
      const lines = await jobs.logTail(name, LINES).catch(() => before);
      const fresh = linesAfter(before, lines);
      before = lines;
      if (fresh.length === 0) return;
      if ((await bytesOf([path])) > MOST_BYTES) await truncate(path);
      await appendFile(path, `${fresh.join('\n')}\n`);
    };
    const timer = setInterval(() => {
      asking = asking.then(look).catch(() => undefined);
    }, lookMs);
    asking = look().catch(() => undefined);
    return {
      paths: [path],
      bytes: () => bytesOf([path]),
      async close() {
        clearInterval(timer);
        await asking;
        await rm(folder, { recursive: true, force: true });
      },
    };
  };

async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What of a log's end is new, against the end that was seen before: where the two overlap most. */
export function linesAfter(before: readonly string[], now: readonly string[]): readonly string[] {
  for (let shared = Math.min(before.length, now.length); shared > 0; shared -= 1)
    if (now[shared - 1] === before.at(-1) && now.slice(0, shared).every((line, at) => line === before.at(at - shared)))
      return now.slice(shared);
  return now;
}
