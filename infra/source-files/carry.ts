// What a campaign's source reads goes with the campaign: put into the store when it is submitted, laid out where its set is built. So a
// worker on another machine reads what the submitter read, and what changes on disk in between changes nothing.
import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { SourceFiles } from '../../contracts/locked-set.ts';
import { openRepository } from '../git/reader.ts';
import { makeTemporaryFolder } from '../process/work-folder.ts';
import { keepSourceFile, readSourceFile, readSourceFolder } from './read.ts';

/**
 * @param paths as the campaign has them, relative to the folder of its file
 * @param kept files among them that are not read
 * @throws AnnealError `tasks.source_failed`, `store.*`
 */
export async function carrySource(
  folder: string,
  paths: readonly string[],
  store: Pick<ArtifactStore, 'put' | 'putFile'>,
  kept: readonly string[] = [],
): Promise<SourceFiles> {
  const read: SourceFiles['read'] = [];
  for (const path of new Set(kept))
    read.push({ what: 'kept', path, object: await keepSourceFile(resolve(folder, path), store) });
  for (const path of paths) {
    const place = resolve(folder, path);
    if (!(await isFolder(place))) {
      read.push({ what: 'file', path, object: await store.put(await readSourceFile(place)) });
      continue;
    }
    // Of a working tree, the repository alone: what git does not know is no part of the history.
    const repository = await isFolder(join(place, '.git'));
    const found = await readSourceFolder(repository ? join(place, '.git') : place);
    const files: Record<string, Awaited<ReturnType<typeof store.put>>> = {};
    for (const [name, bytes] of found) files[repository ? `.git/${name}` : name] = await store.put(bytes);
    read.push({ what: 'folder', path, files });
  }
  return { schema: 'anneal/source-files/v1', read };
}

/** Readers over the files as they were carried; `close` removes what was laid out. */
export async function layOutSource(files: SourceFiles, store: Pick<ArtifactStore, 'get'>) {
  const root = await makeTemporaryFolder('source');
  const places = new Map<string, string>();
  const kept = new Map<string, ArtifactRef>();
  try {
    for (const [index, one] of files.read.entries()) {
      if (one.what === 'kept') {
        kept.set(one.path, one.object);
        continue;
      }
      const place = join(root, String(index));
      places.set(one.path, place);
      if (one.what === 'file') await writeFile(place, await store.get(one.object));
      else
        for (const [name, ref] of Object.entries(one.files)) {
          const inside = resolve(place, name);
          // Names were read from a folder, but what is read here is a document of the store.
          if (!inside.startsWith(`${place}/`))
            throw new AnnealError('tasks.source_failed', `${name} of ${one.path} leads out of it`);
          await mkdir(dirname(inside), { recursive: true });
          await writeFile(inside, await store.get(ref));
        }
    }
  } catch (failure) {
    await rm(root, { recursive: true, force: true });
    throw failure;
  }
  const carried = <What>(of: ReadonlyMap<string, What>, path: string): What => {
    const found = of.get(path);
    if (found === undefined)
      throw new AnnealError('tasks.source_failed', `${path} was not carried when the campaign was submitted`);
    return found;
  };
  return {
    openRepository: (path: string) => openRepository(carried(places, path)),
    readFile: (path: string) => readSourceFile(carried(places, path)),
    readFolder: (path: string) => readSourceFolder(carried(places, path)),
    keep: async (path: string) => carried(kept, path),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

const isFolder = (path: string): Promise<boolean> =>
  lstat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
