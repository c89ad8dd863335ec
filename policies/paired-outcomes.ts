// Two versions on the same locked tasks, paired task by task and gathered into families.

/** A task as the lock names it: what a version's results are looked up by. */
export interface LockedTask {
  readonly task: string;
  /** What tasks are clustered by: families are independent, the tasks of one are not. */
  readonly family: string;
  /** What the task needs: slices are watched by it. */
  readonly capability: string;
}

/** Share of a task's graded samples that passed, by task. A task without a graded sample is absent, never 0. */
export type TaskRates = ReadonlyMap<string, number>;

export interface PairedOutcomes {
  /** After − before, one a family: the mean over its tasks, in [−1, 1]. */
  readonly families: readonly number[];
  /** After − before, mean over tasks; before and after likewise. */
  readonly gain: number;
  readonly before: number;
  readonly after: number;
  readonly tasks: number;
  /** Tasks without a result on one side or both. */
  readonly missing: number;
}

/**
 * `against`: a missing result counts as if the later version had failed or the earlier one had passed, so that leaving results out
 * can only hurt a candidate. `left-out`: only tasks that both sides have.
 * @throws RangeError when the lock names a task twice, a result belongs to no locked task, or a rate lies outside 0…1
 */
export function pairOutcomes(
  locked: readonly LockedTask[],
  sides: { readonly after: TaskRates; readonly before: TaskRates },
  missing: 'against' | 'left-out' = 'against',
): PairedOutcomes {
  checkResults(locked, [sides.after, sides.before]);
  return pairTasks(locked, sides, missing);
}

/** The same for some of the locked tasks, whose results were checked with the rest. */
export function pairTasks(
  tasks: readonly LockedTask[],
  sides: { readonly after: TaskRates; readonly before: TaskRates },
  missing: 'against' | 'left-out' = 'against',
): PairedOutcomes {
  const families = new Map<string, { sum: number; tasks: number }>();
  const total = { before: 0, after: 0, tasks: 0, missing: 0 };
  for (const { task, family } of tasks) {
    const [after, before] = [sides.after.get(task), sides.before.get(task)];
    const incomplete = after === undefined || before === undefined;
    if (incomplete) total.missing += 1;
    if (incomplete && missing === 'left-out') continue;
    const pair = { after: after ?? 0, before: before ?? 1 };
    const known = families.get(family) ?? { sum: 0, tasks: 0 };
    families.set(family, { sum: known.sum + pair.after - pair.before, tasks: known.tasks + 1 });
    total.after += pair.after;
    total.before += pair.before;
    total.tasks += 1;
  }
  const mean = (sum: number): number => (total.tasks === 0 ? 0 : sum / total.tasks);
  return {
    families: [...families.values()].map((family) => family.sum / family.tasks),
    gain: mean(total.after - total.before),
    before: mean(total.before),
    after: mean(total.after),
    tasks: total.tasks,
    missing: total.missing,
  };
}

/** The mean of the families' differences: each family counts once, however many tasks it has. 0 without any. */
export function familyMean({ families }: PairedOutcomes): number {
  return families.length === 0 ? 0 : families.reduce((sum, difference) => sum + difference, 0) / families.length;
}

/** @throws RangeError as `pairOutcomes` does */
export function checkResults(locked: readonly LockedTask[], sides: readonly TaskRates[]): void {
  const known = new Set(locked.map(({ task }) => task));
  if (known.size !== locked.length) throw new RangeError('the lock names a task twice');
  for (const rates of sides) {
    for (const [task, rate] of rates) {
      if (!known.has(task)) throw new RangeError(`a result for ${task}, which the lock does not name`);
      if (!(rate >= 0 && rate <= 1)) throw new RangeError(`the pass rate of ${task} is ${rate}, not in 0…1`);
    }
  }
}
