// SHA-256 as S3 and our own addresses write it.
import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Copied } from '../reference.ts';

/** @returns hexadecimal for our addresses, base64 for S3's checksum headers. */
export const hashOf = (bytes: Uint8Array, encoding: 'hex' | 'base64'): string => hash('sha256', bytes, encoding);

export interface Hashed extends Copied {
  /** Base64, a hash for each part. */
  readonly parts: readonly string[];
}

/** Hashes the whole and, in the same pass, each part of `partBytes`. */
export async function hashFile(file: FileHandle, partBytes: number): Promise<Hashed> {
  const whole = createHash('sha256');
  const parts: string[] = [];
  const buffer = new Uint8Array(1 << 20);
  let part = createHash('sha256');
  let bytes = 0;
  for (;;) {
    // Parts are whole mebibytes, so that no chunk crosses from one to the next.
    const { bytesRead } = await file.read(buffer, 0, buffer.length - (bytes % buffer.length), bytes);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    whole.update(chunk);
    part.update(chunk);
    bytes += bytesRead;
    if (bytes % partBytes === 0) {
      parts.push(part.digest('base64'));
      part = createHash('sha256');
    }
  }
  if (bytes % partBytes > 0 || bytes === 0) parts.push(part.digest('base64'));
  return { sha256: whole.digest('hex'), bytes, parts };
}

export function hashBytes(bytes: Uint8Array, partBytes: number): Hashed {
  const parts: string[] = [];
  for (let offset = 0; offset === 0 || offset < bytes.byteLength; offset += partBytes) {
    parts.push(hashOf(bytes.subarray(offset, offset + partBytes), 'base64'));
  }
  return { sha256: hashOf(bytes, 'hex'), bytes: bytes.byteLength, parts };
}
