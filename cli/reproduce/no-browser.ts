// Where there is no browser, what is judged by how it looks is judged by nobody: that is told as what it is, neither as a difference nor as a
// judge whose words are lost.
import { AnnealError } from '../../contracts/errors.ts';
import { isArtifactTask, type LockedTask } from '../../contracts/locked-set.ts';
import type { Grader } from '../../evals/verifiers/judge-task.ts';
import { isShown } from '../../evals/verifiers/rendered/tasks.ts';

/** @returns undefined where all of them can be shown; else what is missing, and what it takes */
export async function browserMissing(
  tasks: readonly LockedTask[],
  browser: Grader['browser'],
): Promise<string | undefined> {
  if (!tasks.some(isLookedAt)) return undefined;
  if (browser === undefined || browser === null)
    return 'there is a browser only where sandboxes are this machine’s own (ANNEAL_SANDBOX=pods has none)';
  try {
    await browser.describe();
    return undefined;
  } catch (failure) {
    if (failure instanceof AnnealError && failure.code === 'sandbox.unavailable') return failure.message;
    throw failure;
  }
}

export const isLookedAt = (task: LockedTask): boolean => isArtifactTask(task) && isShown(task);
