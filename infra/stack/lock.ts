// A lock between processes that the kernel releases when its holder dies: the name of an abstract Unix socket.
// Nothing is left behind on the disk, so there is no stale lock to recognise.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock named by `what` for one home, or returns undefined when another process holds it. */
export function tryLock(home: string, what: string): Promise<Lock | undefined> {
  const name = `\0anneal-${what}-${createHash('sha256').update(home).digest('hex').slice(0, 32)}`;
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (failure: NodeJS.ErrnoException) => {
      if (failure.code === 'EADDRINUSE') done(undefined);
      else fail(failure);
    });
    server.listen(name, () => {
      // Holding a lock must not keep a process alive.
      server.unref();
      done({ release: () => new Promise((closed) => void server.close(() => closed())) });
    });
  });
}

/** Waits for the lock; `onWait` is called once when somebody else holds it. */
export async function takeLock(
  home: string,
  what: string,
  options: { signal?: AbortSignal | undefined; onWait?: () => void } = {},
): Promise<Lock> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = await tryLock(home, what);
    if (lock !== undefined) return lock;
    if (attempt === 0) options.onWait?.();
    await sleep(100, undefined, { signal: options.signal });
  }
}
