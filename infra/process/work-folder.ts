// Folders that a build works in, beside what it makes. A build that is killed cannot remove its own: the next one does, by the name of
// the process that it bears. What is still being built stays, whoever builds it.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, isAlive } from '../../infra/process/identity.ts';

/** PREFIX, pid and start time of the builder, and what `mkdtemp` adds. */
const NAME = /\.(\d+)-(\d+)-[A-Za-z0-9]{6}$/;

/** A new empty folder beside PREFIX. */
export function makeWorkFolder(prefix: string): Promise<string> {
  const own = identityOf(process.pid);
  return mkdtemp(`${prefix}.${process.pid}-${own?.startTime ?? 0}-`);
}

/** Removes what builders that are gone have left, of all that `makeWorkFolder` made in this folder. */
export async function forgetDeadWork(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid, startTime] = NAME.exec(name) ?? [];
    if (pid === undefined || isAlive({ pid: Number(pid), startTime: Number(startTime) })) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
