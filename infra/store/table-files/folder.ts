// Tables in a folder. A file appears whole under its name, by link(2), or not at all: two writers of one name cannot both succeed, and one
// that is killed leaves a temporary file at most.
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { TableFile, TableFiles } from '../../../contracts/table-files.ts';
import { codeOf, createOnce, makeFolder, replace, storeFailure, withTemporary } from '../durable.ts';
import { bytesOf } from '../reference.ts';
import { checkedPath } from './path.ts';
import { tablesWorkFolder } from './work.ts';

const LEFTOVER_AGE_MS = 24 * 3_600_000;

/** `root`: the folder that holds the tables; `temporary`: one beside it, on the same file system. */
export function createFolderTables(root: string, temporary: string): TableFiles {
  const base = resolve(root);
  const passing = resolve(temporary);
  let prepared: Promise<void> | undefined;

  async function during<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    try {
      prepared ??= prepare(base, passing);
      await prepared;
      return await operation();
    } catch (failure) {
      prepared = undefined;
      throw storeFailure(failure, doing);
    }
  }

  async function publish(
    path: string,
    content: Uint8Array | string,
    give: (temporary: string, place: string) => Promise<boolean>,
  ): Promise<boolean> {
    const place = join(base, checkedPath(path));
    await makeFolder(base, ...path.split('/').slice(0, -1));
    const beside = join(passing, `${process.pid}-${randomUUID()}`);
    return withTemporary(beside, bytesOf(content), () => give(beside, place));
  }

  return {
    address: base,
    create: (path, bytes) => during(`create ${path}`, () => publish(path, bytes, createOnce)),
    replace: (path, bytes) =>
      during(`write ${path}`, async () => {
        await publish(path, bytes, async (from, to) => {
          await replace(from, to);
          return true;
        });
      }),
    read: (path) =>
      during(`read ${path}`, () =>
        readFile(join(base, checkedPath(path))).catch((failure: unknown) => {
          if (codeOf(failure) === 'ENOENT') return undefined;
          throw failure;
        }),
      ),
    list: (prefix, after = '') =>
      during(`list ${prefix}`, async () => {
        const files: TableFile[] = [];
        const above = prefix.split('/').slice(0, -1);
        await walk(base, above, (path) => path.startsWith(prefix) && path > after, files);
        return files.sort((a, b) => (a.path < b.path ? -1 : 1));
      }),
    local: async ({ path }) => join(base, checkedPath(path)),
    workFolder: tablesWorkFolder,
  };
}

async function prepare(base: string, passing: string): Promise<void> {
  await makeFolder(base);
  await makeFolder(passing);
  const oldest = Date.now() - LEFTOVER_AGE_MS;
  for (const name of await readdir(passing)) {
    const path = join(passing, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await rm(path, { force: true });
  }
}

async function walk(
  base: string,
  parts: readonly string[],
  wanted: (path: string) => boolean,
  into: TableFile[],
): Promise<void> {
  const folder = join(base, ...parts);
  const entries = await readdir(folder, { withFileTypes: true }).catch((failure: unknown) => {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return [];
    throw failure;
  });
  for (const entry of entries) {
    const path = [...parts, entry.name].join('/');
    if (entry.isDirectory()) await walk(base, [...parts, entry.name], wanted, into);
    // Others' crashed writers leave dot files.
    else if (entry.isFile() && !entry.name.startsWith('.') && wanted(path))
      into.push({ path, bytes: (await stat(join(base, path))).size });
  }
}

/** Where a local copy of a table's file may be kept. */
export const besideOf = (path: string): string => join(dirname(path), `.${randomUUID()}.part`);
