// Wilson's score interval for a proportion.
import { normalQuantile } from './quantiles.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * E. B. Wilson, JASA 22 (1927) 209–212: the values of p that a score test would not reject. Never empty, never outside [0, 1], and
 * not a point when all or none succeeded.
 * @param n trials; need not be whole, so that an effective sample size may be given. For n = 0 the interval is [0, 1].
 */
export function wilson(proportion: number, n: number, confidence: number): Interval {
  if (!(n > 0)) return { low: 0, high: 1 };
  return scoreInterval(proportion, n, normalQuantile(0.5 + confidence / 2));
}

/** The same with a given quantile, for Student's t. */
export function scoreInterval(proportion: number, n: number, z: number): Interval {
  const zz = (z * z) / n;
  const centre = (proportion + zz / 2) / (1 + zz);
  const half = (z / (1 + zz)) * Math.sqrt((proportion * (1 - proportion)) / n + zz / (4 * n));
  // The bounds at 0 and 1 are exact; rounding must not move them past the proportion.
  return {
    low: Math.min(proportion, Math.max(0, centre - half)),
    high: Math.max(proportion, Math.min(1, centre + half)),
  };
}
