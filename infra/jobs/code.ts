// A trainer from a repository: its files laid out in the job's folder, whole or not at all, and the folder of a job that other code left behind
// without a result put aside.
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { JobDocument } from '../../contracts/job.ts';
import { isAlive } from '../process/identity.ts';
import { readDocument, readProcess, readResult } from './folder.ts';

type Code = NonNullable<JobDocument['code']>;

export const codeFolder = (folder: string, { commit }: Code): string => join(folder, `code-${commit.slice(0, 12)}`);

/** @throws AnnealError `store.*`; `job.configuration` for a path that leads out of it */
export async function layOutCode(folder: string, code: Code, store: Pick<ArtifactStore, 'getFile'>): Promise<string> {
  const place = codeFolder(folder, code);
  if ((await readdir(place).catch(() => undefined)) !== undefined) return place;
  // Each has its own: two at a time would lay out into one another's.
  const partial = await mkdtemp(`${place}.partial-`);
  try {
    for (const [path, object] of Object.entries(code.files)) {
      const inside = resolve(partial, path);
      if (!inside.startsWith(`${partial}/`))
        throw new AnnealError('job.configuration', `${path} leads out of its folder`);
      await mkdir(dirname(inside), { recursive: true });
      if (object.bytes === 0) await writeFile(inside, '');
      else await store.getFile(object, inside);
    }
    // Of two at a time the first one's stays: both are the same commit.
    await rename(partial, place);
  } catch (failure) {
    await rm(partial, { recursive: true, force: true });
    if ((await readdir(place).catch(() => undefined)) === undefined) throw failure;
  }
  return place;
}

/**
 * Puts a job aside that ended without a result, where the new document differs from it in its code alone: it is the same work by a trainer
 * that has been mended. What it left can still be read beside it.
 * @returns whether the name is free now
 */
export async function putAside(folder: string, before: JobDocument, document: JobDocument): Promise<boolean> {
  if (before.code === undefined || document.code === undefined || essence(before) !== essence(document)) return false;
  const process = await readProcess(folder);
  if (process !== undefined && isAlive(process)) return false;
  if ((await readResult(folder, before)) !== undefined) return false;
  await rename(folder, `${folder}.by-${before.code.commit.slice(0, 12)}`).catch(async (failure: unknown) => {
    // Somebody else has done it: then another document stands there, or none.
    if ((await readDocument(folder))?.specHash === before.specHash) throw failure;
  });
  return true;
}

const essence = ({ code: _code, specHash: _hash, ...rest }: JobDocument): string => canonicalJson(rest);
