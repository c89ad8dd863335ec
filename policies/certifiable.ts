// What a task set can show at all: the smallest gain that so many tasks, looked at so often, could certify.
import { normalQuantileAbove } from './normal.ts';
import { chance, counted, percent, points } from './wording.ts';

export interface SetSize {
  /** Independent units: families, or tasks where each is a family of its own. */
  readonly units: number;
  /** Mean square of a unit's difference; for single tasks that pass or fail, the share that changes between the versions. */
  readonly discordance: number;
  /** Chance of a false promotion that one look may spend. */
  readonly alpha: number;
  /** Chance of finding a gain of that size when it is there. */
  readonly power: number;
}

/**
 * gain = (z_α + z_power)·√(discordance / units), one-sided, as for McNemar's test (Connor, Biometrics 43 (1987) 207–211, with the null
 * variance). A gain is itself a change, so the discordance is at least the gain. And never less than what the exact test can
 * reject at all: k units, all of which gain, against the further one that counts as lost.
 * Above 1: no gain can be certified.
 */
export function smallestGain({ units, discordance, alpha, power }: SetSize): number {
  if (units < 1) return Number.POSITIVE_INFINITY;
  const z = normalQuantileAbove(alpha) + normalQuantileAbove(1 - power);
  const byNormal = Math.max(0, z) * Math.sqrt(discordance / units);
  const gain = byNormal > discordance ? Math.max(0, z) ** 2 / units : byNormal;
  return Math.max(gain, fewestGaining(alpha) / units);
}

/** Units that must all gain: (k + 2) / 2^(k + 1) ≤ α, the exact tail of k + 1 coins of which one shows a loss. */
function fewestGaining(alpha: number): number {
  let k = 1;
  while ((k + 2) / 2 ** (k + 1) > alpha) k += 1;
  return k;
}

export interface Certifiable {
  readonly certifiable: boolean;
  /** The smallest gain that could be certified; above 1 there is none. */
  readonly smallest: number;
  /** Tasks that certifying the wanted gain takes, discordance and clustering as given. */
  readonly tasksNeeded: number;
  readonly why: string;
}

/**
 * Whether a set can certify a gain of `wanted`, said in words with the arithmetic.
 * @param set.designEffect tasks that tell as much as one independent task (Kish): 1 where families have one task each
 * @param set.looks of which each may spend an equal share of `total` (Bonferroni); for alpha that is spent over looks see `smallestGain`
 */
export function certify(
  wanted: number,
  set: {
    readonly tasks: number;
    readonly discordance: number;
    readonly looks: number;
    readonly power: number;
    readonly designEffect?: number;
    readonly total?: number;
  },
): Certifiable {
  const { tasks, discordance, looks, power, designEffect = 1, total = 0.05 } = set;
  const alpha = total / looks;
  const of = (count: number) => smallestGain({ units: count / designEffect, discordance, alpha, power });
  const smallest = of(tasks);
  const tasksNeeded = fewestTasks((count) => of(count) <= wanted);
  const z = normalQuantileAbove(alpha) + normalQuantileAbove(1 - power);
  const clustered =
    designEffect === 1 ? '' : `, ${designEffect.toFixed(1)} of which tell as much as one independent task`;
  const limit = smallest > 1 ? 'no gain at all' : `gains from ${points(smallest)}`;
  const arithmetic = `${counted(tasks, 'task')}${clustered}, of which ${percent(discordance)} change between two versions, have a standard error of ${points(
    Math.sqrt((discordance * designEffect) / tasks),
  )}; ${counted(looks, 'look')} at ${percent(total)} in all leave each ${chance(alpha)}, which with ${percent(power)} power takes ${z.toFixed(2)} standard errors: this set certifies ${limit}`;
  return smallest <= wanted
    ? { certifiable: true, smallest, tasksNeeded, why: `A gain of ${points(wanted)} can be certified. ${arithmetic}.` }
    : {
        certifiable: false,
        smallest,
        tasksNeeded,
        why: `This set is too small to certify a gain of ${points(wanted)}. ${arithmetic}. A gain of ${points(wanted)} takes ${
          Number.isFinite(tasksNeeded) ? counted(tasksNeeded, 'task') : 'more tasks than can be counted'
        }.`,
      };
}

/** By bisection: what enough tasks certify, more tasks certify too. */
function fewestTasks(enough: (tasks: number) => boolean): number {
  let high = 1;
  while (!enough(high)) {
    high *= 2;
    if (high > 2 ** 40) return Number.POSITIVE_INFINITY;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
