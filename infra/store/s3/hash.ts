// SHA-256 as S3 and our own addresses write it.
import { createHash, hash, webcrypto } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Copied } from '../reference.ts';

const { subtle } = webcrypto;

/** @returns hexadecimal for our addresses, base64 for S3's checksum headers. */
export const hashOf = (bytes: Uint8Array, encoding: 'hex' | 'base64'): string => hash('sha256', bytes, encoding);

export interface Hashed extends Copied {
  /** Base64, a hash for each part. */
  readonly parts: readonly string[];
}

/**
 * Hashes the whole and, in the same pass, each part of `partBytes`: the parts on other threads, while this one goes on with the whole.
 * Takes twice the memory of a part.
 */
export async function hashFile(file: FileHandle, partBytes: number): Promise<Hashed> {
  const whole = createHash('sha256');
  const parts: string[] = [];
  // A small file needs less than a part.
  const { size } = await file.stat();
  const capacity = Math.min(partBytes, size + 1);
  const buffers = [new Uint8Array(capacity), new Uint8Array(size > capacity ? capacity : 0)] as const;
  /** Of the part before, which may still be hashed while the next one is read. */
  let before: Promise<unknown> = Promise.resolve();
  let bytes = 0;
  for (let index = 0; ; index += 1) {
    const buffer = buffers[index % 2]!;
    const filled = await fill(file, buffer, bytes);
    if (filled === 0 && index > 0) break;
    const part = buffer.subarray(0, filled);
    const hashed = subtle.digest('SHA-256', part).then((digest) => {
      parts[index] = Buffer.from(digest).toString('base64');
    });
    // Looked at in its turn; until then a failure is not unhandled.
    hashed.catch(() => undefined);
    whole.update(part);
    bytes += filled;
    await before;
    before = hashed;
    if (filled < partBytes) break;
  }
  await before;
  return { sha256: whole.digest('hex'), bytes, parts };
}

/** @returns how many bytes; fewer than fit only at the end of the file */
async function fill(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

export function hashBytes(bytes: Uint8Array, partBytes: number): Hashed {
  const parts: string[] = [];
  for (let offset = 0; offset === 0 || offset < bytes.byteLength; offset += partBytes) {
    parts.push(hashOf(bytes.subarray(offset, offset + partBytes), 'base64'));
  }
  return { sha256: hashOf(bytes, 'hex'), bytes: bytes.byteLength, parts };
}
