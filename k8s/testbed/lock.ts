// A lock between processes that the kernel releases when its holder dies: the name of an abstract Unix socket.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `task` while no other process runs one with the same name; `onWait` is called once when it has to wait. */
export async function withLock<T>(name: string, task: () => Promise<T>, onWait?: () => void): Promise<T> {
  const address = `\0anneal-testbed-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  for (let attempt = 0; ; attempt += 1) {
    const release = await tryLock(address);
    if (release === undefined) {
      if (attempt === 0) onWait?.();
      await sleep(100);
      continue;
    }
    try {
      return await task();
    } finally {
      await release();
    }
  }
}

function tryLock(address: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(undefined);
      else fail(error);
    });
    server.listen(address, () => {
      server.unref();
      done(() => new Promise((closed) => void server.close(() => closed())));
    });
  });
}
