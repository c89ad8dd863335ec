// Locking a task set: one hash that every later round, verdict and release refers to.
import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import type { DroppedTask, Split, Task, TaskSetLock, TaskSplit } from '../../contracts/task.ts';
import { SPLITS } from './split.ts';

export interface ConstructedTaskSet {
  readonly splits: Readonly<Record<Split, readonly Task[]>>;
  /** Tasks that were considered: those kept and those dropped. */
  readonly considered: number;
  readonly dropped: readonly DroppedTask[];
  /** The interpreter whose results are expected, for example `CPython 3.11.2`. */
  readonly python: string;
}

/**
 * Merkle root over the tasks' canonical JSON, sorted by id, with RFC 6962's tree: a leaf is SHA-256(0x00 ‖ bytes), a node
 * SHA-256(0x01 ‖ left ‖ right), an odd node moves up. The prefix keeps a node from passing for a leaf. Empty: SHA-256 of nothing.
 */
export function merkleRoot(tasks: readonly { readonly id: string }[]): Sha256 {
  const sorted = [...tasks].sort((a, b) => (a.id < b.id ? -1 : 1));
  return treeRoot(sorted.map((task) => Buffer.from(canonicalJson(task))));
}

/** Root over the three splits' roots, in the order visible, gate, sealed. */
export function setRoot(roots: Readonly<Record<Split, Sha256>>): Sha256 {
  return treeRoot(SPLITS.map((split) => Buffer.from(`${split}:${roots[split]}`)));
}

function treeRoot(leaves: readonly Uint8Array[]): Sha256 {
  let level = leaves.map((leaf) => hash(Buffer.of(0), leaf));
  if (level.length === 0) return sha256.parse(hash().toString('hex'));
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => {
      const [left, right] = [level[2 * index]!, level[2 * index + 1]];
      return right === undefined ? left : hash(Buffer.of(1), left, right);
    });
  }
  return sha256.parse(level[0]!.toString('hex'));
}

function hash(...parts: readonly Uint8Array[]): Buffer {
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return state.digest();
}

/** Stores each split as one object and returns the lock. Throws what `put` throws. */
export async function lockTaskSet(
  built: ConstructedTaskSet,
  options: {
    readonly source: string;
    readonly seed: number;
    readonly put: (bytes: string) => Promise<ArtifactRef>;
  },
): Promise<TaskSetLock> {
  const entries = await Promise.all(
    SPLITS.map(async (split) => {
      const tasks = [...built.splits[split]].sort((a, b) => (a.id < b.id ? -1 : 1));
      const object = await options.put(canonicalJson({ split, tasks } satisfies TaskSplit));
      const families = [...new Set(tasks.map((task) => task.family))].sort();
      return [split, { tasks: tasks.length, families, root: merkleRoot(tasks), object }] as const;
    }),
  );
  const splits = Object.fromEntries(entries) as TaskSetLock['splits'];
  return {
    schema: 'anneal/task-set/v1',
    source: options.source,
    python: built.python,
    seed: options.seed,
    root: setRoot({ visible: splits.visible.root, gate: splits.gate.root, sealed: splits.sealed.root }),
    splits,
    considered: built.considered,
    kept: SPLITS.reduce((sum, split) => sum + splits[split].tasks, 0),
    dropped: [...built.dropped],
  };
}

/**
 * Checks the lock in itself and against the splits that are at hand: the sealed one usually is not, and is left out then.
 * @throws AnnealError `tasks.lock_mismatch` that names the first difference
 */
export function verifyLock(lock: TaskSetLock, at: readonly TaskSplit[]): void {
  const fail = (what: string): never => {
    throw new AnnealError('tasks.lock_mismatch', `the task set differs from its lock: ${what}`);
  };
  const { visible, gate, sealed } = lock.splits;
  if (setRoot({ visible: visible.root, gate: gate.root, sealed: sealed.root }) !== lock.root)
    fail('the root of the set');
  if (lock.kept !== SPLITS.reduce((sum, split) => sum + lock.splits[split].tasks, 0)) fail('the number of tasks');
  const owners = new Map<string, Split>();
  for (const split of SPLITS) {
    for (const part of lock.splits[split].families.flatMap((family) => family.split('+'))) {
      const owner = owners.get(part) ?? split;
      if (owner !== split) fail(`${part} is in ${owner} and in ${split}`);
      owners.set(part, split);
    }
  }
  for (const { split, tasks } of at) {
    const entry = lock.splits[split];
    if (tasks.length !== entry.tasks) fail(`${split} has ${tasks.length} tasks, not ${entry.tasks}`);
    if (new Set(tasks.map((task) => task.id)).size !== tasks.length) fail(`${split} names a task twice`);
    if (tasks.some((task) => !entry.families.includes(task.family))) fail(`${split} has a function of another split`);
    if (merkleRoot(tasks) !== entry.root) fail(`the tasks of ${split}`);
  }
}
