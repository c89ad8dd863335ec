// What a scheduler did to the rollouts, from their records: how stale, how far out of order, who was left behind, and whether
// what is trained on still has the lengths of what was started.
import type { RolloutRecord } from '../../contracts/scheduler.ts';

export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface SchedulerMetrics {
  readonly started: number;
  /** Taken by a step, the one at work included; the spreads are over these. */
  readonly taken: number;
  readonly trained: number;
  readonly tombstoned: number;
  readonly expired: number;
  /** Neither trained on nor given up so far. */
  readonly open: number;
  /** Versions between a rollout's start and its step. */
  readonly staleness: Spread;
  /** `histogram[s]` rollouts were s versions old. */
  readonly histogram: readonly number[];
  /** Others trained on between its start and its own turn. With batches of one it is the staleness. */
  readonly lag: Spread;
  /** Positions ahead of the oldest one that was still to come. */
  readonly disorder: Spread;
  /** Starvation: later ones that were trained on before it. */
  readonly overtaken: Spread;
  readonly lengthBias: {
    readonly trained: number;
    readonly started: number;
    /** trained ÷ started - 1; below 0: slow rollouts get lost. 0 where no length is known. */
    readonly relative: number;
  };
}

export function schedulerMetrics(rollouts: Iterable<RolloutRecord>): SchedulerMetrics {
  const ends = { trained: 0, tombstoned: 0, expired: 0 };
  const known = { count: 0, sum: 0 };
  const trainedLength = { count: 0, sum: 0 };
  const taken: { position: number; version: number; order: number; at: number; disorder: number }[] = [];
  let started = 0;
  for (const { state, length, position, version, taken: by } of rollouts) {
    started += 1;
    if (state in ends) ends[state as keyof typeof ends] += 1;
    if (length !== undefined) add(known, length);
    if (by === undefined) continue;
    taken.push({ position, version, order: by.order, at: by.version, disorder: by.disorder });
    if (length !== undefined) add(trainedLength, length);
  }
  taken.sort((a, b) => a.order - b.order);
  const before = takenBefore(taken);
  const staleness = taken.map((one) => one.at - one.version);
  const histogram: number[] = [];
  for (const versions of staleness) {
    while (histogram.length <= versions) histogram.push(0);
    histogram[versions]! += 1;
  }
  const means = { trained: mean(trainedLength), started: mean(known) };
  return {
    started,
    taken: taken.length,
    ...ends,
    open: started - ends.trained - ends.tombstoned - ends.expired,
    staleness: spread(staleness),
    histogram,
    lag: spread(taken.map((one) => one.order - before(one.version))),
    disorder: spread(taken.map((one) => one.disorder)),
    overtaken: spread(overtakings(taken.map((one) => one.position))),
    lengthBias: { ...means, relative: means.started === 0 ? 0 : means.trained / means.started - 1 },
  };
}

const add = (of: { count: number; sum: number }, value: number): void => {
  of.count += 1;
  of.sum += value;
};
const mean = ({ count, sum }: { count: number; sum: number }): number => (count === 0 ? 0 : sum / count);

/** How many had been trained on when a version became durable: those that were taken at an earlier one. */
function takenBefore(taken: readonly { readonly at: number }[]): (version: number) => number {
  const versions = taken.map((one) => one.at);
  return (version) => {
    let low = 0;
    let high = versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (versions[middle]! < version) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Of each position, in the order they were taken, how many greater ones came before: a Fenwick tree counts them. */
function overtakings(positions: readonly number[]): number[] {
  const size = positions.reduce((most, position) => Math.max(most, position), -1) + 1;
  const tree = new Uint32Array(size + 1);
  return positions.map((position, earlier) => {
    let lower = 0;
    for (let at = position + 1; at > 0; at -= at & -at) lower += tree[at]!;
    for (let at = position + 1; at <= size; at += at & -at) tree[at]! += 1;
    return earlier - lower;
  });
}

/** By nearest rank; all zero of nothing. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: 0, p50: 0, p95: 0, max: 0 };
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: rank(0.5),
    p95: rank(0.95),
    max: rank(1),
  };
}
