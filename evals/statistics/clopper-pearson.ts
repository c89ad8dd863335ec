// The exact interval of a share.
import type { Interval } from './wilson.ts';

/**
 * Clopper and Pearson, Biometrika 26 (1934) 404–413: the shares at which neither this many successes or more, nor this many or fewer,
 * would be rarer than `beyond`. Covers at least 1 − 2·beyond; each bound by itself at least 1 − beyond.
 */
export function clopperPearson(successes: number, trials: number, beyond: number): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const atMost = (share: number, count: number): number => binomialAtMost(count, trials, share);
  return {
    low: successes === 0 ? 0 : crossing((share) => 1 - atMost(share, successes - 1) < beyond),
    high: successes === trials ? 1 : crossing((share) => atMost(share, successes) > beyond),
  };
}

/** P(X ≤ count), summed in logarithms. */
function binomialAtMost(count: number, trials: number, share: number): number {
  if (share <= 0) return 1;
  if (share >= 1) return count >= trials ? 1 : 0;
  let log = trials * Math.log1p(-share);
  let sum = Math.exp(log);
  for (let k = 1; k <= count; k += 1) {
    log += Math.log(((trials - k + 1) / k) * (share / (1 - share)));
    sum += Math.exp(log);
  }
  return Math.min(1, sum);
}

/** Where a condition that holds at 0 stops to hold. */
function crossing(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
