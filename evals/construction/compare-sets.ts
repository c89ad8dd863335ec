// What differs between two locked sets, as far as it may be looked at: of the sealed split only how many tasks it has.
import type { ArtifactSetLock, ArtifactSplit } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import type { Split } from '../../contracts/task.ts';
import { hashOf } from './source.ts';
import { SPLITS } from './split.ts';

export interface LockedSet {
  readonly lock: ArtifactSetLock;
  /** Those that are at hand. */
  readonly splits: readonly ArtifactSplit[];
}

export interface SetDifference {
  readonly same: boolean;
  readonly added: readonly { readonly id: string; readonly split: Split }[];
  readonly removed: readonly { readonly id: string; readonly split: Split }[];
  readonly moved: readonly { readonly id: string; readonly from: Split; readonly to: Split }[];
  /** With the fields that differ. */
  readonly changed: readonly { readonly id: string; readonly fields: readonly string[] }[];
  /** Splits with another root, and how many tasks they had and have. */
  readonly splits: readonly { readonly split: Split; readonly before: number; readonly after: number }[];
}

export function compareSets(before: LockedSet, after: LockedSet): SetDifference {
  const [old, now] = [placed(before), placed(after)];
  const [added, removed, moved, changed]: [
    SetDifference['added'][number][],
    SetDifference['removed'][number][],
    SetDifference['moved'][number][],
    SetDifference['changed'][number][],
  ] = [[], [], [], []];
  for (const [id, { task, split }] of now) {
    const was = old.get(id);
    if (was === undefined) {
      added.push({ id, split });
      continue;
    }
    if (was.split !== split) moved.push({ id, from: was.split, to: split });
    const fields = differing(was.task, task);
    if (fields.length > 0) changed.push({ id, fields });
  }
  for (const [id, { split }] of old) if (!now.has(id)) removed.push({ id, split });
  const splits = SPLITS.filter((split) => before.lock.splits[split].root !== after.lock.splits[split].root).map(
    (split) => ({
      ...{ split, before: before.lock.splits[split].tasks, after: after.lock.splits[split].tasks },
    }),
  );
  return { same: before.lock.root === after.lock.root, added, removed, moved, changed, splits };
}

const placed = ({ splits }: LockedSet): Map<string, { task: ArtifactTask; split: Split }> =>
  new Map(splits.flatMap(({ split, tasks }) => tasks.map((task) => [task.id, { task, split }] as const)));

const differing = (a: ArtifactTask, b: ArtifactTask): string[] =>
  (Object.keys(b) as (keyof ArtifactTask)[]).filter((field) => hashOf([a[field]]) !== hashOf([b[field]])).sort();
