// The artifact store in a folder: objects by content, and a few mutable names (names.ts).
//
//   objects/ab/ab…64 hex digits   written once, verified on every read
//   names/<key>/@<generation>     see names.ts
//   tmp/                          files on their way; what a killed process leaves here is swept after a day
import { randomUUID } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import {
  codeOf,
  copy,
  makeFolder,
  openForReading,
  replace,
  storeFailure,
  syncFolder,
  withTemporary,
} from './durable.ts';
import { createNames } from './names.ts';
import { absentObject, bytesOf, checkedRef, corruptObject, mustMatch, refOf } from './reference.ts';

const LEFTOVER_AGE_MS = 24 * 3_600_000;

/** Opens or creates the store below `root`. Safe to use from many processes at once; a SIGKILL at any point loses nothing acknowledged. */
export function createFolderStore(root: string): ArtifactStore {
  const base = resolve(root);
  let prepared: Promise<void> | undefined;
  /** Folders of objects that are there. */
  const made = new Set<string>();
  const temporary = (): string => join(base, 'tmp', `${process.pid}-${randomUUID()}`);
  const names = createNames(join(base, 'names'), temporary);

  /** Runs one operation, with the folders in place and file errors named. */
  async function during<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    try {
      prepared ??= prepare(base);
      await prepared;
      return await operation();
    } catch (failure) {
      // The folder may have been removed or the disk been full: prepare again next time.
      prepared = undefined;
      made.clear();
      throw storeFailure(failure, doing);
    }
  }

  /** An intact object is left alone; a damaged one is healed by the right bytes at hand. */
  async function isThere(ref: ArtifactRef): Promise<boolean> {
    const place = placeOf(base, ref);
    if ((await inspect(place, ref)) !== 'intact') return false;
    await syncFolder(dirname(place));
    return true;
  }

  async function publish(ref: ArtifactRef, path: string): Promise<ArtifactRef> {
    const place = placeOf(base, ref);
    const folder = dirname(place);
    if (!made.has(folder)) await makeFolder(base, 'objects', basename(folder));
    made.add(folder);
    await replace(path, place);
    return ref;
  }

  return {
    put: (content) =>
      during('put', async () => {
        const bytes = bytesOf(content);
        const ref = refOf(await copy(bytes));
        if (await isThere(ref)) return ref;
        const path = temporary();
        return withTemporary(path, bytes, async (copied) => {
          // The caller's bytes may have changed under our hands.
          mustMatch(ref, copied);
          return publish(ref, path);
        });
      }),

    putFile: (from) =>
      during(`put ${from}`, async () => {
        const handle = await open(from, 'r');
        try {
          const path = temporary();
          return await withTemporary(path, handle, async (copied) => {
            const ref = refOf(copied);
            return (await isThere(ref)) ? ref : publish(ref, path);
          });
        } finally {
          await handle.close();
        }
      }),

    get: (given) =>
      during(`get ${given.uri}`, async () => {
        const ref = checkedRef(given);
        const handle = await openObject(base, ref);
        try {
          // The size is checked first: a wrong one must not decide how much memory is taken.
          if ((await handle.stat()).size !== ref.bytes) throw corruptObject(ref, 'its size differs');
          const bytes = new Uint8Array(await handle.readFile());
          mustMatch(ref, await copy(bytes));
          return bytes;
        } finally {
          await handle.close();
        }
      }),

    getFile: (given, path) =>
      during(`get ${given.uri} as ${path}`, async () => {
        const ref = checkedRef(given);
        const target = resolve(path);
        const handle = await openObject(base, ref);
        try {
          await makeFolder(dirname(target));
          // Beside the target, since a rename cannot cross file systems.
          const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
          await withTemporary(beside, handle, async (copied) => {
            mustMatch(ref, copied);
            await replace(beside, target);
          });
        } finally {
          await handle.close();
        }
      }),

    has: (given) =>
      during(`look for ${given.uri}`, async () => {
        const ref = checkedRef(given);
        const found = await stat(placeOf(base, ref)).catch((failure: unknown) => {
          if (codeOf(failure) === 'ENOENT') return undefined;
          throw failure;
        });
        return found?.isFile() === true && found.size === ref.bytes;
      }),

    createNamed: (key, bytes) => during(`create ${key}`, () => names.swap(key, null, bytes)),
    readNamed: (key) => during(`read ${key}`, () => names.read(key)),
    swapNamed: (key, expectedTag, bytes) => during(`swap ${key}`, () => names.swap(key, expectedTag, bytes)),
    listNamed: (prefix) => during(`list ${prefix}`, () => names.list(prefix)),
  };
}

async function prepare(base: string): Promise<void> {
  for (const folder of ['objects', 'names', 'tmp']) await makeFolder(base, folder);
  const oldest = Date.now() - LEFTOVER_AGE_MS;
  for (const name of await readdir(join(base, 'tmp'))) {
    const path = join(base, 'tmp', name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await rm(path, { force: true });
  }
}

function placeOf(base: string, ref: ArtifactRef): string {
  return join(base, 'objects', ref.sha256.slice(0, 2), ref.sha256);
}

async function openObject(base: string, ref: ArtifactRef) {
  const handle = await openForReading(placeOf(base, ref));
  if (handle === undefined) throw absentObject(ref);
  return handle;
}

async function inspect(place: string, ref: ArtifactRef): Promise<'absent' | 'damaged' | 'intact'> {
  const handle = await openForReading(place).catch((failure: unknown) => {
    if (codeOf(failure) === 'ELOOP') return undefined;
    throw failure;
  });
  if (handle === undefined) return 'absent';
  try {
    if ((await handle.stat()).size !== ref.bytes) return 'damaged';
    return (await copy(handle)).sha256 === ref.sha256 ? 'intact' : 'damaged';
  } finally {
    await handle.close();
  }
}
