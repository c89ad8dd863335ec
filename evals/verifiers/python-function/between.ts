// Values between two that were seen: what is drawn lies where a task's own inputs lie.
import type { Random } from '../../../policies/random.ts';

export function intBetween(a: bigint, b: bigint, random: Random): string {
  const [low, high] = a < b ? [a, b] : [b, a];
  const span = high - low + 1n;
  const step = span > 2n ** 32n ? span / 2n ** 32n : 1n;
  const steps = Number(span / step > 2n ** 32n ? 2n ** 32n : span / step);
  return String(low + step * BigInt(random.below(steps)));
}

/** As Python writes it, where that is plain. */
export function floatBetween(one: string, other: string, random: Random): string {
  const value = Number(one) + ((Number(other) - Number(one)) * random.below(9)) / 8;
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-4)) return one;
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

/** The beginning of one and the end of another, neither longer than the longer of both. */
export function spliced<T>(one: readonly T[], other: readonly T[], random: Random): T[] {
  const longest = Math.max(one.length, other.length);
  const head = one.slice(0, random.below(one.length + 1));
  const tail = other.slice(random.below(other.length + 1));
  const joined = [...head, ...tail].slice(0, longest);
  // An empty one only where an empty one was seen: many functions are not defined for it.
  return joined.length === 0 ? [...one] : joined;
}
