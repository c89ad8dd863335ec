// File operations that survive a power cut: a file is written under a temporary name, fsynced, and only then given its
// real name, whose folder is fsynced too. A process killed at any point leaves at most a temporary file.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import type { Copied } from './reference.ts';

/** Copies and hashes go through one buffer of this size, however large the file. */
const CHUNK_BYTES = 1 << 20;

/** So much is written before the disk is set to work on it, while more arrives: otherwise all of it waits for the end. */
const FLUSH_BYTES = 64 << 20;

/** Bytes in memory, chunks as they arrive, or a file to read from its start. */
export type Source = Uint8Array | AsyncIterable<Uint8Array> | FileHandle;

/** Streams a source into `sink` (when given) and returns the hash and size of what went through. */
export async function copy(source: Source, sink?: FileHandle): Promise<Copied> {
  const hash = createHash('sha256');
  if (source instanceof Uint8Array) {
    hash.update(source);
    await sink?.writeFile(source);
    return { sha256: hash.digest('hex'), bytes: source.byteLength };
  }
  let bytes = 0;
  let unflushed = 0;
  let flushing: Promise<void> | undefined;
  for await (const chunk of Symbol.asyncIterator in source ? source : chunksOf(source)) {
    // The one while the other: writing is another thread's work.
    const written = sink === undefined ? undefined : writeAll(sink, chunk);
    written?.catch(() => undefined);
    hash.update(chunk);
    await written;
    bytes += chunk.byteLength;
    unflushed += chunk.byteLength;
    if (sink === undefined || unflushed < FLUSH_BYTES) continue;
    // Not more than one at a time. Its failure is told nowhere else.
    await flushing;
    flushing = sink.datasync();
    flushing.catch(() => undefined);
    unflushed = 0;
  }
  await flushing;
  return { sha256: hash.digest('hex'), bytes };
}

async function writeAll(sink: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) written += (await sink.write(chunk, written)).bytesWritten;
}

/** Each chunk is valid until the next one is asked for. */
async function* chunksOf(file: FileHandle): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/**
 * Writes a temporary file durably, passes its path and what was written to `publish`, and removes it afterwards
 * (harmless when `publish` renamed it away).
 */
export async function withTemporary<T>(
  temporary: string,
  source: Source,
  publish: (copied: Copied) => Promise<T>,
): Promise<T> {
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
    let copied: Copied;
    try {
      copied = await copy(source, handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return await publish(copied);
  } finally {
    // Mostly it has its real name by now.
    await unlink(temporary).catch((failure: unknown) => {
      if (codeOf(failure) !== 'ENOENT') throw failure;
    });
  }
}

/** Gives a durable temporary file its name, in place of whatever bears it. */
export async function replace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Gives a durable temporary file its name unless that is taken: link(2) is atomic. Returns whether it did. */
export async function createOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') return false;
    throw failure;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Opens a file for reading, never through a symbolic link; undefined when there is none. */
export async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return undefined;
    throw failure;
  }
}

/** Makes a folder below `root`, with every new entry on the way durable. */
export async function makeFolder(root: string, ...parts: readonly string[]): Promise<string> {
  const folder = join(root, ...parts);
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) {
    for (let parent = dirname(folder); parent.length >= dirname(made).length; parent = dirname(parent)) {
      await syncFolder(parent);
      if (parent === dirname(parent)) break;
    }
  }
  return folder;
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function codeOf(failure: unknown): string | undefined {
  return failure instanceof Error && 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined;
}

/** Names a failed file operation by the boundary crossed; ours pass unchanged. */
export function storeFailure(failure: unknown, doing: string): AnnealError {
  if (failure instanceof AnnealError) return failure;
  const message = `${doing}: ${failure instanceof Error ? failure.message : String(failure)}`;
  switch (codeOf(failure)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AnnealError('store.no_space', message, { cause: failure });
    case 'ENOENT':
      return new AnnealError('store.not_found', message, { cause: failure });
    case 'ELOOP':
      return new AnnealError('store.corrupt_object', `${message} (a symbolic link stands in its place)`, {
        cause: failure,
      });
    case undefined:
      return new AnnealError('internal.bug', message, { cause: failure });
    default:
      return new AnnealError('store.unavailable', message, { cause: failure });
  }
}
