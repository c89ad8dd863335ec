// A file operation that would never end goes on.
import { stat } from 'node:fs';

/**
 * The C library of many Linux distributions (glibc up to 2.40, its bug 25847) can lose the signal that wakes a waiting thread. Node hands
 * file operations to such threads: one of them then lies in the queue until the next one comes, which in a process that waits for just
 * this one is never. A next one comes every second here; it keeps no process alive.
 */
export function keepThreadsAwake(everyMs = 1_000): void {
  setInterval(() => stat('/', () => undefined), everyMs).unref();
}
