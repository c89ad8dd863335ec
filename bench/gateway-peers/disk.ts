// What the disk itself takes to keep as much as one record: appended and synced, one after the other, as the gateway's log does it.
import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds of each. */
export function syncTimes(folder: string, bytes: number, times: number): number[] {
  const path = join(folder, 'of-the-disk');
  const file = openSync(path, 'w');
  try {
    const record = Buffer.alloc(bytes, 'x');
    return Array.from({ length: times }, () => {
      const started = performance.now();
      writeSync(file, record);
      fdatasyncSync(file);
      return performance.now() - started;
    });
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

export const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
