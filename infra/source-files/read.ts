// What a task set's source reads, from a folder: files and folders that nobody vouches for, bounded, without following links.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { UNPACK_LIMITS } from '../environments/unpack.ts';
import { openRepository } from '../git/reader.ts';

export const MOST_SOURCE_BYTES = 256 * 2 ** 20;
const MOST_SOURCE_FILES = 20_000;

/** Paths are relative to the folder of the file that names them. */
export const sourceReader = (folder: string, store: Pick<ArtifactStore, 'putFile'>) => ({
  openRepository: (path: string) => openRepository(resolve(folder, path)),
  readFile: (path: string) => readSourceFile(resolve(folder, path)),
  readFolder: (path: string) => readSourceFolder(resolve(folder, path)),
  keep: (path: string) => keepSourceFile(resolve(folder, path), store),
});

/** @throws AnnealError `tasks.source_failed` when it cannot be read or is too large */
export async function readSourceFile(path: string): Promise<Uint8Array> {
  const { size } = await lstat(path).catch((cause: unknown) => unreadable(path, cause));
  // Before it is read: a file may be larger than memory.
  if (size > MOST_SOURCE_BYTES) tooLarge(path, `${size} bytes`, MOST_SOURCE_BYTES);
  return readFile(path).catch((cause: unknown) => unreadable(path, cause));
}

/**
 * Every plain file, by its path in the folder.
 * @throws AnnealError `tasks.source_failed` also where a link or a device lies in it
 */
export async function readSourceFolder(path: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause: unknown) =>
    unreadable(path, cause),
  );
  const others = entries.filter((entry) => !entry.isFile() && !entry.isDirectory());
  if (others.length > 0) {
    const names = others.slice(0, 3).map((entry) => relative(path, join(entry.parentPath, entry.name)));
    throw new AnnealError('tasks.source_failed', `${path} holds ${names.join(', ')}, which is no plain file`);
  }
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length > MOST_SOURCE_FILES) tooLarge(path, `${files.length} files`, MOST_SOURCE_FILES);
  const read = new Map<string, Uint8Array>();
  let total = 0;
  for (const file of files.sort()) {
    const bytes = await readSourceFile(file);
    total += bytes.length;
    if (total > MOST_SOURCE_BYTES) tooLarge(path, `more than ${total} bytes`, MOST_SOURCE_BYTES);
    read.set(relative(path, file), bytes);
  }
  return read;
}

/** @throws AnnealError `tasks.source_failed` when it is no plain file or too large, `store.*` */
export async function keepSourceFile(path: string, store: Pick<ArtifactStore, 'putFile'>): Promise<ArtifactRef> {
  const entry = await lstat(path).catch((cause: unknown) => unreadable(path, cause));
  if (!entry.isFile()) throw new AnnealError('tasks.source_failed', `the source's ${path} is no plain file`);
  if (entry.size > UNPACK_LIMITS.bytes) tooLarge(path, `${entry.size} bytes`, UNPACK_LIMITS.bytes);
  return store.putFile(path);
}

function tooLarge(path: string, what: string, most: number): never {
  const problem = {
    expected: `at most ${most} bytes or files in all`,
    got: what,
    hint: 'Divide it into several sets.',
  };
  throw new AnnealError('tasks.source_failed', `the source's ${path} has ${what}, more than ${most}`, {
    problems: [{ code: 'spec.out_of_range', path: 'source', ...problem }],
  });
}

function unreadable(path: string, cause: unknown): never {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const why = missing ? 'is not there' : `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
  const hint = 'Paths are relative to the file that names them: create it or correct the path.';
  const problem = { expected: 'what can be read', got: missing ? `${path}: no such file` : path, hint };
  throw new AnnealError('tasks.source_failed', `the source's ${path} ${why}`, {
    cause,
    problems: [{ code: 'spec.missing_file', path: 'source', ...problem }],
  });
}
