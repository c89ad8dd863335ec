// Locks that a git left which was killed: git itself never takes one away, and the branch would not move any more.
import { randomBytes } from 'node:crypto';
import { link, rename, stat, unlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';

/** Git holds one for milliseconds, with somebody's hook for seconds. */
const DEAD_MS = 120_000;

/** The lock that stood in the way, by what git said (in English: plumbing.ts). */
export const lockIn = (said: string, folder: string): string | undefined => {
  const path = /Unable to create '([^']+\.lock)': File exists/.exec(said)?.[1];
  return path?.startsWith(`${folder}/`) ? path : undefined;
};

/** Where git locks what it does to move a branch: also after the branch has moved one may be left. */
const LOCKS = ['HEAD.lock', 'packed-refs.lock', 'reftable/tables.list.lock'];

/** Those that are too old to be anybody's; the others stay. */
export async function clearDeadLocks(folder: string, ref: string): Promise<void> {
  for (const name of [`${ref}.lock`, ...LOCKS])
    await mendLock(join(folder, name), folder).catch((failure: unknown) => {
      if (!(failure instanceof AnnealError && failure.code === 'merge.locked')) throw failure;
    });
}

/**
 * Takes a lock away that is too old to be anybody's.
 * @throws AnnealError `merge.locked` while it may be somebody's
 */
export async function mendLock(path: string, folder: string): Promise<void> {
  const seen = await stat(path, { bigint: true }).catch(() => undefined);
  if (seen === undefined) return;
  const age = Date.now() - Number(seen.mtimeMs);
  if (age < DEAD_MS)
    throw new AnnealError(
      'merge.locked',
      `${relative(folder, path)} has been there for ${Math.max(0, Math.round(age / 1_000))} s`,
    );
  // Another that mends may have been here since, and a living git after it: what was taken is looked at before it is gone.
  const aside = join(folder, `anneal-lock-${randomBytes(8).toString('hex')}`);
  await rename(path, aside).catch(() => undefined);
  const taken = await stat(aside, { bigint: true }).catch(() => undefined);
  if (taken === undefined) return;
  if (taken.ino !== seen.ino || taken.mtimeNs !== seen.mtimeNs) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}
