// A file as the bytes of its text: what it is, unpacked and decoded, chunk by chunk. Nothing is told by throwing: a file that cannot be
// read is a state of that file.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ReadFile } from '../../contracts/diagnosis.ts';

const CHUNK = 1024 * 1024;
const HEAD = 64 * 1024;
/** A share of bytes that no text has. */
const BINARY_SHARE = 0.02;

export interface Source {
  readonly path: string;
  readonly size: number;
  readonly encoding: ReadFile['encoding'];
  readonly gzip: boolean;
  readonly offsets: ReadFile['offsets'];
  /** The beginning, decoded: what its prefixes look like. */
  readonly head: string;
  chunks(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

export type Opened = { readonly source: Source } | { readonly state: ReadFile['state'] };

export async function openSource(path: string): Promise<Opened> {
  let raw: Buffer;
  let size: number;
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) return { state: 'directory' };
    size = facts.size;
    raw = await headOf(path);
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
    return { state: code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable' };
  }
  if (raw.length === 0) return { state: 'empty' };
  const gzip = raw[0] === 0x1f && raw[1] === 0x8b;
  const head = gzip ? await unpackedHead(path) : raw;
  if (head === undefined) return { state: 'damaged' };
  if (head.length === 0) return { state: 'empty' };
  const encoding = encodingOf(head);
  if (encoding === undefined) return { state: 'binary' };
  const decoded = encoding === 'utf-16le' || encoding === 'utf-16be';
  const text = decoded ? new TextDecoder(encoding).decode(head) : head.toString('utf8');
  return {
    source: {
      ...{ path, size, encoding, gzip, head: text },
      offsets: gzip || decoded ? 'decoded' : 'file',
      chunks: (signal) => chunksOf(path, { gzip, encoding, signal }),
    },
  };
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(HEAD);
    const { bytesRead } = await handle.read(buffer, 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function unpackedHead(path: string): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of createReadStream(path).pipe(createGunzip())) {
      parts.push(part as Buffer);
      length += (part as Buffer).length;
      if (length >= HEAD) break;
    }
  } catch {
    // A tail that is missing is no harm; a beginning that is none leaves nothing.
    if (length === 0) return undefined;
  }
  return Buffer.concat(parts).subarray(0, HEAD);
}

/** Undefined: no text. */
function encodingOf(head: Buffer): ReadFile['encoding'] | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  let zeros = 0;
  let odd = 0;
  let controls = 0;
  for (let at = 0; at < head.length; at++) {
    const byte = head[at]!;
    if (byte === 0) {
      zeros += 1;
      odd += at & 1;
    } else if (byte < 8 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)) controls += 1;
  }
  // Without a mark at its beginning, UTF-16 of mostly ASCII has a zero in every other place.
  if (zeros > head.length * 0.3) {
    if (odd > zeros * 0.95) return 'utf-16le';
    if (odd < zeros * 0.05) return 'utf-16be';
  }
  if (zeros + controls > head.length * BINARY_SHARE) return undefined;
  const text = head.toString('utf8');
  // The last character may be cut.
  const broken = text.slice(0, -1).split('\ufffd').length - 1;
  if (broken > head.length * 0.3) return undefined;
  return broken === 0 ? 'utf-8' : 'unknown';
}

async function* chunksOf(
  path: string,
  of: { gzip: boolean; encoding: ReadFile['encoding']; signal: AbortSignal | undefined },
): AsyncIterable<Uint8Array> {
  if (!of.gzip && !of.encoding.startsWith('utf-16')) {
    yield* plainChunks(path, of.signal);
    return;
  }
  const file = createReadStream(path, { highWaterMark: CHUNK });
  const stream: Readable = of.gzip ? file.pipe(createGunzip({ chunkSize: CHUNK })) : file;
  // `pipe` hands on no errors.
  if (of.gzip) file.on('error', (failure) => stream.destroy(failure));
  const decoder = of.encoding.startsWith('utf-16') ? new TextDecoder(of.encoding) : undefined;
  const encoder = new TextEncoder();
  try {
    for await (const chunk of stream) {
      if (of.signal?.aborted === true) return;
      yield decoder === undefined
        ? (chunk as Uint8Array)
        : encoder.encode(decoder.decode(chunk as Uint8Array, { stream: true }));
    }
  } finally {
    file.destroy();
    stream.destroy();
  }
}

/** Into one buffer, again and again: whoever gets it has to be done with it before the next. */
async function* plainChunks(path: string, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    while (signal?.aborted !== true) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
