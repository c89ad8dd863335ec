// What `git cat-file --batch` writes: for each id a line `<id> <type> <bytes>`, the bytes, and a newline.
import { AnnealError } from '../../contracts/errors.ts';

/** @throws AnnealError `tasks.source_failed` when an object is missing or the answer is cut short */
export function parseObjects(out: Buffer, ids: readonly string[]): Map<string, Buffer> {
  const objects = new Map<string, Buffer>();
  let at = 0;
  for (const id of ids) {
    const end = out.indexOf(0x0a, at);
    const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(out.toString('latin1', at, Math.max(at, end))) ?? [];
    const from = end + 1;
    const to = from + Number(size);
    if (end === -1 || type === undefined || to >= out.length)
      throw new AnnealError('tasks.source_failed', `the repository cannot be read: its object ${id} is missing`);
    objects.set(id, out.subarray(from, to));
    at = to + 1;
  }
  return objects;
}
