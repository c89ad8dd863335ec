// One writer a folder: a lock file that names its owner by pid, start time and boot, so that a reused pid is not mistaken
// for the owner and a lock left by SIGKILL is taken over.
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';

interface Owner {
  readonly pid: number;
  /** Clock ticks since boot (/proc/PID/stat, field 22). */
  readonly start: string;
  readonly boot: string;
}

/**
 * Takes `<dir>/lock`. The returned function gives it back.
 * @throws AnnealError `stack.start_failed` when a living process holds it.
 */
export async function lockFolder(dir: string, log: (line: string) => void): Promise<() => Promise<void>> {
  const path = join(dir, 'lock');
  const own = join(dir, `lock.${process.pid}.${process.hrtime.bigint()}`);
  await mkdir(dir, { recursive: true });
  const me: Owner = { pid: process.pid, start: (await startOf(process.pid)) ?? '', boot: await bootId() };
  const text = `${JSON.stringify(me)}\n`;
  const file = await open(own, 'wx');
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  try {
    for (;;) {
      // Linking a finished file is atomic: nobody ever reads half a lock.
      if (await linked(own, path)) {
        return async () => {
          if ((await read(path)) === text) await rm(path, { force: true });
        };
      }
      const held = await read(path);
      if (held === undefined) continue;
      const owner = parse(held);
      if (owner !== undefined && (await lives(owner))) {
        throw new AnnealError(
          'stack.start_failed',
          `${dir} is in use by process ${owner.pid}; stop that gateway first`,
        );
      }
      log(`taking over the lock that process ${owner?.pid ?? '?'} left in ${dir}`);
      await takeAside(path, `${own}.stale`, held);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves a stale lock away; puts it back when another starter replaced it between our reading and our moving. */
async function takeAside(path: string, aside: string, expected: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await read(aside)) !== expected) await linked(aside, path);
  await rm(aside, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failure;
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function parse(text: string): Owner | undefined {
  try {
    const { pid, start, boot } = JSON.parse(text) as Partial<Owner>;
    return typeof pid === 'number' && typeof start === 'string' && typeof boot === 'string'
      ? { pid, start, boot }
      : undefined;
  } catch {
    return undefined;
  }
}

async function lives(owner: Owner): Promise<boolean> {
  return owner.boot === (await bootId()) && owner.start !== '' && owner.start === (await startOf(owner.pid));
}

async function bootId(): Promise<string> {
  return ((await read('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

/** Undefined for a process that is gone or only waits to be reaped. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command, in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
