// How often the sealed split of a set was opened, by whichever campaign and within whichever set.
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { LockedSet } from '../contracts/locked-set.ts';
import { type SealedSplit, sealedPrefixes } from '../contracts/names.ts';

export const sealedSplitOf = ({ root, splits }: Pick<LockedSet, 'root' | 'splits'>): SealedSplit => ({
  sealedRoot: splits.sealed.root,
  taskSetRoot: root,
});

export async function countOpenings(store: ArtifactStore, lock: Pick<LockedSet, 'root' | 'splits'>): Promise<number> {
  const keys = await Promise.all(sealedPrefixes(sealedSplitOf(lock)).map((prefix) => store.listNamed(prefix)));
  return keys.flat().length;
}
