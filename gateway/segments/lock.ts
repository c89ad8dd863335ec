// One writer a folder. The lock is a listening socket in Linux's abstract namespace, named after the folder's inode: the kernel
// gives it to one process and takes it back when that process ends, however it ends. (A lock file with a pid cannot do that: two
// starters that both find its owner dead can each remove the other's fresh one.) The file `lock` only says who it is.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';

/**
 * Locks the folder, which is created when missing. The returned function gives the lock back.
 * @throws AnnealError `stack.start_failed` when a living process holds it.
 */
export async function lockFolder(dir: string, log: (line: string) => void): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true });
  const { dev, ino } = await stat(dir);
  const path = join(dir, 'lock');
  const socket = createServer((connection) => connection.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.listen(`\0anneal-gateway-${dev}-${ino}`, resolve);
    });
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw failure;
    throw new AnnealError(
      'stack.start_failed',
      `${dir} is in use by process ${await owner(path)}; stop that gateway first`,
    );
  }
  // It must not keep a process alive that has nothing else to do.
  socket.unref();
  const left = await owner(path);
  if (left !== undefined) log(`taking over the lock that process ${left} left in ${dir}`);
  await writeFile(path, `${process.pid}\n`);
  return async () => {
    await rm(path, { force: true });
    await new Promise((resolve) => socket.close(resolve));
  };
}

async function owner(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text?.trim();
}
