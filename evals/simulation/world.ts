// Simulated task sets and versions: what is true is known, so that rules can be held against it.
import type { LockedTask, TaskRates } from '../../policies/paired-outcomes.ts';
import { createRandom, type Random } from '../../policies/random.ts';

/** How a set is made. */
export interface SetShape {
  /** Tasks of each family; its length is the number of families. */
  readonly families: readonly number[];
  /** Standard deviation of a task's log-odds: the larger, the fewer tasks pass by luck. 8 gives about 10% discordant pairs. */
  readonly spread: number;
  /** Share of that variance that the tasks of a family have in common. */
  readonly within: number;
  /** Share of the tasks that pass half of the time, whatever the version. */
  readonly flaky?: number;
  /** Mean log-odds: 0 passes half, ±Infinity all or none. */
  readonly level?: number;
}

/** A capability with its share of the families, the rare ones last. */
const CAPABILITIES = [
  ['arithmetic', 0.4],
  ['strings', 0.24],
  ['lists', 0.15],
  ['parsing', 0.11],
  ['dates', 0.06],
  ['regular-expressions', 0.04],
] as const;
export const RARE = 'dates';
export const RAREST = 'regular-expressions';

/** Chance to pass, task by task, in the lock's order. */
export type Chances = readonly number[];

export interface TaskWorld {
  readonly locked: readonly LockedTask[];
  /** Version 0's. */
  readonly start: Chances;
}

/** 100 families of 3 tasks, about a tenth of the pairs discordant between two runs of one version: 300 tasks. */
export const USUAL: SetShape = { families: Array(100).fill(3), spread: 8, within: 0.5 };

export function makeWorld(shape: SetShape, seed: number): TaskWorld {
  const random = createRandom('world', seed);
  const { spread, within, flaky = 0, level = 0 } = shape;
  const locked: LockedTask[] = [];
  const start: number[] = [];
  shape.families.forEach((tasks, at) => {
    const capability = capabilityOf((at + 0.5) / shape.families.length);
    const common = normal(random) * spread * Math.sqrt(within);
    for (let one = 0; one < tasks; one += 1) {
      locked.push({ task: `f${at}#${one}`, family: `f${at}`, capability });
      const own = normal(random) * spread * Math.sqrt(1 - within);
      start.push(random.unit() < flaky ? 0.5 : logistic(level + common + own));
    }
  });
  return { locked, start };
}

/** One evaluation: `samples` attempts a task; `lost` says with what chance a task's result is lost, by whether it passed. */
export function evaluate(
  { locked }: TaskWorld,
  chances: Chances,
  samples: number,
  random: Random,
  lost?: (passed: boolean) => number,
): TaskRates {
  const rates = new Map<string, number>();
  locked.forEach(({ task }, at) => {
    let passes = 0;
    for (let sample = 0; sample < samples; sample += 1) if (random.unit() < chances[at]!) passes += 1;
    if (lost === undefined || random.unit() >= lost(passes > 0)) rates.set(task, passes / samples);
  });
  return rates;
}

/**
 * Version 0 with what it learnt: tasks that it mostly fails become tasks that it nearly always passes, until the mean chance has risen
 * by `gain`. `by` family: whole families at once, so that the evidence is clustered; by task: scattered.
 */
export function learn(world: TaskWorld, gain: number, by: 'family' | 'task', random: Random): Chances {
  const KNOWN = 0.98;
  const { locked, start } = world;
  const learnt = [...start];
  const order = random.shuffle([...new Set(locked.map(({ family, task }) => (by === 'family' ? family : task)))]);
  let left = gain * start.length;
  for (const name of order) {
    for (let at = 0; at < locked.length && left > 0; at += 1) {
      const { family, task } = locked[at]!;
      if ((by === 'family' ? family : task) !== name || learnt[at]! >= KNOWN) continue;
      const step = Math.min(left, KNOWN - learnt[at]!);
      learnt[at] = learnt[at]! + step;
      left -= step;
    }
  }
  return learnt;
}

/** The same with one capability's tasks set to `chance`. */
export function withSlice({ locked }: TaskWorld, chances: Chances, capability: string, chance: number): Chances {
  return chances.map((before, at) => (locked[at]!.capability === capability ? chance : before));
}

function capabilityOf(place: number): string {
  let upTo = 0;
  for (const [name, share] of CAPABILITIES) {
    upTo += share;
    if (place < upTo) return name;
  }
  return RAREST;
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
