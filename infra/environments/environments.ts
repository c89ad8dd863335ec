// Root file systems of tasks, by the hash of their tar: unpacked once on a machine, whole or not at all, and shared by every sandbox there.
import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { UNPACK_LIMITS, unpack } from './unpack.ts';

export interface Environments {
  /**
   * The folder that this tar lies unpacked in, which nobody may change.
   * @throws AnnealError `environment.unusable`, `store.*`
   */
  folderOf(environment: ArtifactRef): Promise<string>;
}

/** Another number where the rules of unpacking change, so that what was laid out by others is left alone. */
const RULES = 1;
const BESIDE = '.unpacking-';
/** What is older was left by a process that was killed: nothing takes this long. */
const LEFT_MS = 24 * 60 * 60_000;

export function createEnvironments(folder: string, store: Pick<ArtifactStore, 'getFile'>): Environments {
  const known = new Map<string, Promise<string>>();
  return {
    folderOf(environment) {
      const { sha256 } = environment;
      const making = known.get(sha256) ?? made(environment);
      known.set(sha256, making);
      // What failed is tried again: the disk may have been full.
      making.catch(() => known.delete(sha256));
      return making;
    },
  };

  async function made(environment: ArtifactRef): Promise<string> {
    const { sha256, bytes } = environment;
    const place = join(folder, `${sha256}.${RULES}`);
    if (await isThere(place)) return place;
    const named = `the environment ${sha256.slice(0, 12)}`;
    if (bytes > UNPACK_LIMITS.bytes)
      throw new AnnealError('environment.unusable', `${named} has ${bytes} bytes, more than ${UNPACK_LIMITS.bytes}`);
    let beside: string | undefined;
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await removeLeftovers();
      beside = await mkdtemp(join(folder, BESIDE));
      const [tar, root] = [join(beside, 'tar'), join(beside, 'root')];
      await store.getFile(environment, tar);
      await mkdir(root);
      await unpack(tar, root);
      // A name that is there stands for all of the content, also after the machine has lost power.
      await promisify(execFile)('sync', ['-f', root]);
      await takeInto(root, place);
      return place;
    } catch (failure) {
      if (failure instanceof AnnealError && failure.code !== 'environment.unusable') throw failure;
      const why = failure instanceof Error ? failure.message : String(failure);
      throw new AnnealError('environment.unusable', `${named}: ${why}`, { cause: failure });
    } finally {
      if (beside !== undefined) await rm(beside, { recursive: true, force: true });
    }
  }

  async function removeLeftovers(): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!name.startsWith(BESIDE)) continue;
      const path = join(folder, name);
      const entry = await lstat(path).catch(() => undefined);
      if (entry !== undefined && Date.now() - entry.mtimeMs > LEFT_MS) await rm(path, { recursive: true, force: true });
    }
  }
}

/** Of several that unpack the same at a time the first one's is taken; the others' are as good, and go. */
async function takeInto(root: string, place: string): Promise<void> {
  await rename(root, place).catch(async (failure: unknown) => {
    if (!(await isThere(place))) throw failure;
  });
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
