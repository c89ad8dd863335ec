// Locking a set of artifact tasks, and checking what is at hand against its lock.
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { ArtifactSetLock, ArtifactSplit } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Split } from '../../contracts/task.ts';
import { merkleRoot, setRoot } from './lock.ts';
import { apportion, SPLITS, splitFamilies } from './split.ts';

/**
 * Which split each family lies in. Of an ordered source the visible split has the first families and the sealed one the last; else
 * families are dealt out by the seed.
 * @param families in the order of drawing
 * @throws AnnealError `spec.impossible_split`
 */
export function splitOf(
  families: readonly string[],
  options: { readonly shares: Readonly<Record<Split, number>>; readonly seed: number; readonly ordered: boolean },
): Map<string, Split> {
  const { shares, seed, ordered } = options;
  const unique = [...new Set(families)];
  if (!ordered) return splitFamilies({ families: unique, shares, seed });
  if (unique.length < SPLITS.length)
    throw new AnnealError(
      'spec.impossible_split',
      `${unique.length} families cannot fill ${SPLITS.length} splits, one after the other`,
    );
  const counts = atLeastOne(apportion(unique.length, shares));
  const order = SPLITS.flatMap((split) => Array.from({ length: counts[split] }, () => split));
  return new Map(unique.map((family, index) => [family, order[index]!]));
}

/** The largest gives to the empty. */
function atLeastOne(counts: Readonly<Record<Split, number>>): Record<Split, number> {
  const filled = { ...counts };
  for (const split of SPLITS) {
    if (filled[split] > 0) continue;
    const richest = SPLITS.reduce((most, one) => (filled[one] > filled[most] ? one : most));
    filled[richest] -= 1;
    filled[split] += 1;
  }
  return filled;
}

export type LockedSplits = Pick<ArtifactSetLock, 'root' | 'splits' | 'kept'>;

/** Stores each split as one object. Throws what `put` throws. */
export async function lockSplits(
  tasks: Readonly<Record<Split, readonly ArtifactTask[]>>,
  put: (text: string) => Promise<ArtifactRef>,
): Promise<LockedSplits> {
  const entries = await Promise.all(
    SPLITS.map(async (split) => {
      const sorted = [...tasks[split]].sort((a, b) => (a.id < b.id ? -1 : 1));
      const object = await put(canonicalJson({ split, tasks: sorted } satisfies ArtifactSplit));
      const families = [...new Set(sorted.map(({ family }) => family))].sort();
      return [split, { tasks: sorted.length, families, root: merkleRoot(sorted), object }] as const;
    }),
  );
  const splits = Object.fromEntries(entries) as ArtifactSetLock['splits'];
  const { visible, gate, sealed } = splits;
  return {
    root: setRoot({ visible: visible.root, gate: gate.root, sealed: sealed.root }),
    splits,
    kept: SPLITS.reduce((sum, split) => sum + splits[split].tasks, 0),
  };
}

/**
 * Every difference, all at once; empty: none. The sealed split usually is not at hand, and is left out then.
 */
export function lockDifferences(lock: ArtifactSetLock, at: readonly ArtifactSplit[]): string[] {
  const problems: string[] = [];
  const { visible, gate, sealed } = lock.splits;
  if (setRoot({ visible: visible.root, gate: gate.root, sealed: sealed.root }) !== lock.root)
    problems.push('the root of the set is not that of its splits');
  if (lock.kept !== SPLITS.reduce((sum, split) => sum + lock.splits[split].tasks, 0))
    problems.push(`${lock.kept} tasks are not those of its splits`);
  const owners = new Map<string, Split>();
  for (const split of SPLITS) {
    for (const family of lock.splits[split].families) {
      const owner = owners.get(family) ?? split;
      if (owner !== split) problems.push(`${family} is in ${owner} and in ${split}`);
      owners.set(family, split);
    }
  }
  for (const { split, tasks } of at) {
    const entry = lock.splits[split];
    if (tasks.length !== entry.tasks) problems.push(`${split} has ${tasks.length} tasks, not ${entry.tasks}`);
    if (new Set(tasks.map(({ id }) => id)).size !== tasks.length) problems.push(`${split} names a task twice`);
    for (const { id, family } of tasks)
      if (!entry.families.includes(family)) problems.push(`${id} of ${split} is of ${family}, which ${split} lacks`);
    if (merkleRoot(tasks) !== entry.root) problems.push(`the tasks of ${split} have another root`);
  }
  return problems;
}
