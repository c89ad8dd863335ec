// Which tasks a round draws.
import { AnnealError } from '../contracts/errors.ts';
import type { TaskId } from '../contracts/ids.ts';
import { createRandom } from './random.ts';

export interface CurriculumTask {
  readonly id: TaskId;
  readonly family: string;
}

export interface CurriculumInput {
  /** The visible split. */
  readonly tasks: readonly CurriculumTask[];
  /** How often the base model solves a task, by id; a task that is missing here has an unknown rate. */
  readonly startingPassRates: Readonly<Record<string, number>>;
  readonly min: number;
  readonly max: number;
  readonly groups: number;
  readonly seed: number;
  /** From 1. */
  readonly round: number;
}

export interface Selection {
  /** One task a group; repeats only when fewer tasks than groups exist. */
  readonly tasks: TaskId[];
  /** Sentences about departures from the rule, for the round's record. */
  readonly notes: string[];
}

/**
 * A seeded draw without replacement across rounds.
 *
 * The eligible tasks are put into one endless sequence of epochs; an epoch holds every task once, shuffled anew and with each
 * family spread evenly over it; round r takes the r-th stretch of `groups` tasks. So every task is seen before any is seen
 * again, and the draw needs no state but seed and round. Where a stretch crosses into the next epoch, tasks that it
 * already holds are put off, so that a round never draws a task twice unless it must.
 * @throws AnnealError `tasks.none_left` when no task is eligible
 */
export function selectTasks(input: CurriculumInput): Selection {
  const notes: string[] = [];
  const eligible = eligibleTasks(input, notes);
  const size = eligible.length;
  if (size === 0) {
    throw new AnnealError(
      'tasks.none_left',
      `no task has a starting pass rate between ${input.min} and ${input.max} (of ${input.tasks.length} visible tasks)`,
    );
  }
  if (size < input.groups)
    notes.push(`Only ${size} tasks are eligible for ${input.groups} groups: some are drawn twice.`);

  const start = (input.round - 1) * input.groups;
  const end = start + input.groups;
  const sequence: TaskId[] = [];
  for (let epoch = 0; sequence.length < end; epoch += 1) {
    const order = spreadOverFamilies(eligible, { seed: input.seed, epoch });
    // What the stretch that crosses into this epoch has drawn already.
    const taken = sequence.slice(sequence.length - (sequence.length % input.groups));
    sequence.push(...puttingOff(order, taken, input.groups - taken.length));
  }
  return { tasks: sequence.slice(start, end), notes };
}

function eligibleTasks(input: CurriculumInput, notes: string[]): CurriculumTask[] {
  // Sorted, so that the order in which a lock lists its tasks cannot change a draw.
  const sorted = [...input.tasks].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const rateOf = (task: CurriculumTask): number | undefined =>
    Object.hasOwn(input.startingPassRates, task.id) ? input.startingPassRates[task.id] : undefined;
  const fits = (rate: number): boolean => rate >= input.min && rate <= input.max;
  const known = sorted.filter((task) => {
    const rate = rateOf(task);
    return rate !== undefined && fits(rate);
  });
  if (known.length >= input.groups) return known;
  const withUnknown = sorted.filter((task) => {
    const rate = rateOf(task);
    return rate === undefined || fits(rate);
  });
  const unknown = withUnknown.length - known.length;
  if (unknown > 0 && Object.keys(input.startingPassRates).length > 0) {
    notes.push(
      `Only ${known.length} tasks have a known starting pass rate between ${input.min} and ${input.max}: ${unknown} of unknown rate are drawn from as well.`,
    );
  }
  return withUnknown;
}

/** The epoch's order, except that its first `head` places go to the tasks least often among those taken. */
function puttingOff(order: readonly TaskId[], taken: readonly TaskId[], head: number): TaskId[] {
  if (taken.length === 0) return [...order];
  const times = new Map<TaskId, number>();
  for (const id of taken) times.set(id, (times.get(id) ?? 0) + 1);
  const leastFirst = [...order].sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0));
  const first = new Set(leastFirst.slice(0, head));
  return [...first, ...order.filter((id) => !first.has(id))];
}

/** The i-th of a family's m shuffled tasks stands near (i + offset) / m of the epoch, with one random offset a family. */
function spreadOverFamilies(
  eligible: readonly CurriculumTask[],
  at: { readonly seed: number; readonly epoch: number },
): TaskId[] {
  const random = createRandom('curriculum', at.seed, at.epoch);
  const families = new Map<string, TaskId[]>();
  for (const { id, family } of eligible) families.set(family, [...(families.get(family) ?? []), id]);
  const placed: { readonly id: TaskId; readonly place: number }[] = [];
  for (const members of families.values()) {
    const offset = random.unit();
    random.shuffle(members).forEach((id, index) => {
      placed.push({ id, place: (index + offset) / members.length });
    });
  }
  return placed.sort((a, b) => a.place - b.place || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
}
