// Folders that a process works in and removes when it is done. One that is killed cannot: the next one does, by the name of the process
// that the folder bears. What a living process works in stays, whoever it is.
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf, isAlive } from './identity.ts';

/** PREFIX, pid and start time of the process, the name space that its pid is of, and what `mkdtemp` adds. */
const NAME = /\.(\d+)-(\d+)(?:-(\d+))?-[A-Za-z0-9]{6}$/;
const TEMPORARY = 'anneal-';

/** A new empty folder beside PREFIX. */
export function makeWorkFolder(prefix: string): Promise<string> {
  const own = identityOf(process.pid);
  return mkdtemp(`${prefix}.${process.pid}-${own?.startTime ?? 0}-${pidNamespace()}-`);
}

/** The same in the folder for what is temporary, which others use too. @param what a word that says what for */
export const makeTemporaryFolder = (what: string): Promise<string> =>
  makeWorkFolder(join(tmpdir(), `${TEMPORARY}${what}`));

/** Removes what processes that are gone have left, of all that `makeWorkFolder` made in this folder. */
export async function forgetDeadWork(folder: string, start = ''): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid, startTime, space = pidNamespace()] = NAME.exec(name) ?? [];
    // Of another container's processes nobody here can say whether they live.
    if (pid === undefined || !name.startsWith(start) || space !== pidNamespace()) continue;
    if (isAlive({ pid: Number(pid), startTime: Number(startTime) })) continue;
    const path = join(folder, name);
    if ((await lstat(path).catch(() => undefined))?.uid !== process.getuid?.()) continue;
    // What cannot be removed stays; the others are not to wait for it.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** A folder that cannot be looked at is no reason not to start. @param what as it was made with; of all kinds unless given */
export const forgetDeadTemporary = (what = ''): Promise<void> =>
  forgetDeadWork(tmpdir(), `${TEMPORARY}${what}`).catch(() => undefined);

let namespace: string | undefined;
function pidNamespace(): string {
  namespace ??= readNamespace();
  return namespace;
}

/** With the machine's own number, since the first name space has the same one on all of them, and folders may be shared. */
function readNamespace(): string {
  try {
    const machine = Number.parseInt(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8), 16);
    return `${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'}${machine}`;
  } catch {
    // Not Linux: there are no name spaces.
    return '0';
  }
}
