// Overwrite deltas between files, in bounded memory: made from two files, and applied to one in place.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { AnnealError } from '../../contracts/errors.ts';
import { createDeltaDecoder, createDeltaEncoder, DeltaDamage } from '../../policies/weight-update-delta.ts';

const CHUNK_BYTES = 1 << 20;

/** Writes to `path` what turns `before` into `after`. Returns the hash of `after`. */
export function writeDelta(before: string, after: string, path: string): Promise<string> {
  return withFiles(
    [before, 'r'],
    [after, 'r'],
    [path, 'w'],
  )(async ([old, now, out]) => {
    const encoder = createDeltaEncoder();
    const hash = createHash('sha256');
    const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] as const;
    for (let position = 0; ; position += CHUNK_BYTES) {
      const [a, b] = await Promise.all([read(old!, buffers[0], position), read(now!, buffers[1], position)]);
      hash.update(b);
      const both = Math.min(a.length, b.length);
      await out!.writeFile(encoder.push(a.subarray(0, both), b.subarray(0, both)));
      await out!.writeFile(encoder.append(b.subarray(both)));
      if (b.length < CHUNK_BYTES) break;
    }
    const digest = hash.digest();
    await out!.writeFile(encoder.end(digest));
    await out!.sync();
    return digest.toString('hex');
  });
}

/**
 * Changes the file in place; what a kill leaves half changed, the same delta makes whole.
 * @throws AnnealError `weights.corrupt` when the delta is damaged or the file does not become what the delta says: then it
 * was made from another file, and this one is neither.
 */
export function applyDelta(delta: string, path: string): Promise<string> {
  return withFiles(
    [delta, 'r'],
    [path, 'r+'],
  )(async ([source, file]) => {
    try {
      return await apply(source!, file!);
    } catch (failure) {
      if (!(failure instanceof DeltaDamage)) throw failure;
      throw new AnnealError('weights.corrupt', `${delta}, applied to ${path}: ${failure.message}`, { cause: failure });
    }
  });
}

async function apply(source: FileHandle, file: FileHandle): Promise<string> {
  const decoder = createDeltaDecoder();
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0; ; ) {
    const chunk = await read(source, buffer, position);
    if (chunk.length === 0) break;
    position += chunk.length;
    for (const { at, bytes } of decoder.push(chunk)) await write(file, bytes, at);
  }
  const { size, sha256 } = decoder.end();
  await file.truncate(size);
  await file.sync();
  const want = Buffer.from(sha256).toString('hex');
  const got = await hashOf(file, buffer);
  if (got !== want) throw new DeltaDamage(`the file became ${got.slice(0, 16)}…, not ${want.slice(0, 16)}…`);
  return got;
}

function withFiles(...wanted: readonly (readonly [path: string, flags: string])[]) {
  return async (work: (files: readonly FileHandle[]) => Promise<string>): Promise<string> => {
    const files: FileHandle[] = [];
    try {
      for (const [path, flags] of wanted) files.push(await open(path, flags));
      return await work(files);
    } finally {
      for (const file of files) await file.close();
    }
  };
}

/** As much as there is, up to the buffer's size: one read may give less. */
async function read(file: FileHandle, buffer: Uint8Array, position: number): Promise<Uint8Array> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function write(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

async function hashOf(file: FileHandle, buffer: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let position = 0; ; ) {
    const chunk = await read(file, buffer, position);
    if (chunk.length === 0) return hash.digest('hex');
    hash.update(chunk);
    position += chunk.length;
  }
}
