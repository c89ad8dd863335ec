// Holding what is at hand of a set against its lock, whichever kind of set it is.
import type { ArtifactSplit } from '../../contracts/artifact-set.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { isArtifactTask, type LockedSet, type LockedSplit } from '../../contracts/locked-set.ts';
import type { TaskSplit } from '../../contracts/task.ts';
import { verifyLock } from './lock.ts';
import { lockDifferences } from './lock-artifacts.ts';

/**
 * The lock in itself, and the splits that are given.
 * @throws AnnealError `tasks.lock_mismatch`
 */
export function verifyLockedSet(lock: LockedSet, at: readonly LockedSplit[]): void {
  if (lock.schema === 'anneal/task-set/v1') {
    verifyLock(lock, at.filter(ofFunctions));
    if (!at.every(ofFunctions)) differs('its tasks are not functions');
    return;
  }
  const differences = lockDifferences(lock, at.filter(ofArtifacts));
  if (!at.every(ofArtifacts)) differences.push('its tasks are functions');
  if (differences.length > 0) differs(differences.join('; '));
}

function differs(why: string): never {
  throw new AnnealError('tasks.lock_mismatch', `the task set differs from its lock: ${why}`);
}

// An empty split is of either kind.
const ofFunctions = (split: LockedSplit): split is TaskSplit => split.tasks.every((task) => !isArtifactTask(task));
const ofArtifacts = (split: LockedSplit): split is ArtifactSplit => split.tasks.every(isArtifactTask);
