// A file that is still written, as the bytes that come to be in it: also when it is moved away and another takes its name, and when it is cut
// and begins anew. It is looked at again and again, since not every file system says when something happens.
import { type FileHandle, open, stat } from 'node:fs/promises';

const CHUNK = 1024 * 1024;
/** So much of a beginning is remembered, to see that it is another. */
const HEAD = 256;

export interface TailListener {
  /** A view of a buffer that is used again. */
  bytes(chunk: Uint8Array): void;
  /** What comes is of another file, or of the same from its beginning. */
  begin(how: 'rotated' | 'truncated'): void;
}

export interface Tail {
  /** Gives all that is new. */
  look(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createTail(path: string, to: TailListener): Tail {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let handle: FileHandle | undefined;
  let position = 0;
  let head = Buffer.alloc(0);
  let opened = false;
  /** Another has the name; whoever writes may not have noticed yet. */
  let leaving = false;

  async function start(): Promise<boolean> {
    try {
      // Opening a pipe that nobody writes to would wait for ever.
      if (!(await stat(path)).isFile()) return false;
      handle = await open(path, 'r');
    } catch {
      // Between two files there is none for a moment.
      return false;
    }
    position = 0;
    head = Buffer.alloc(0);
    if (opened) to.begin('rotated');
    opened = true;
    return true;
  }

  async function drain(from: FileHandle, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { bytesRead } = await from.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      if (head.length < HEAD && position === head.length)
        head = Buffer.concat([head, buffer.subarray(0, Math.min(bytesRead, HEAD - head.length))]);
      position += bytesRead;
      to.bytes(buffer.subarray(0, bytesRead));
    }
  }

  /** Cut, and perhaps written beyond where it was before anybody looked. */
  async function isCut(from: FileHandle): Promise<boolean> {
    if ((await from.stat()).size < position) return true;
    const now = Buffer.alloc(head.length);
    const { bytesRead } = await from.read(now, 0, head.length, 0);
    return bytesRead < head.length || !now.equals(head);
  }

  async function isAnother(from: FileHandle): Promise<boolean> {
    try {
      const [mine, named] = await Promise.all([from.stat(), stat(path)]);
      return named.isFile() && (mine.ino !== named.ino || mine.dev !== named.dev);
    } catch {
      return false;
    }
  }

  async function leave(): Promise<void> {
    await handle?.close();
    handle = undefined;
    leaving = false;
  }

  async function lookAt(from: FileHandle, signal: AbortSignal): Promise<void> {
    if (await isCut(from)) {
      position = 0;
      head = Buffer.alloc(0);
      to.begin('truncated');
    }
    await drain(from, signal);
    if (!leaving) {
      leaving = await isAnother(from);
      return;
    }
    await leave();
    if (await start()) await drain(handle!, signal);
  }

  return {
    async look(signal) {
      if (handle === undefined && !(await start())) return;
      try {
        await lookAt(handle!, signal);
      } catch {
        // A file system that went away for a moment, or a disk that fails: the file is opened anew.
        await leave();
      }
    },
    close: leave,
  };
}
