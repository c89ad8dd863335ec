// The middle of numbers, and when a course leaves it.
import type { Point, Series } from '../series.ts';
import type { Finding, Quoted } from './detector.ts';

export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How far values usually lie from their middle, on the scale of a standard deviation. */
export function spread(values: readonly number[], middle = median(values)): number {
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

export const valuesOf = (points: readonly Point[]): number[] => points.map(({ value }) => value);

export const finite = (series: Series): Point[] => series.points.filter(({ value }) => Number.isFinite(value));

/** Where the last stretch begins in which all but a few hold. */
export function onset(points: readonly Point[], holds: (value: number) => boolean, from = 0): number {
  let at = points.length;
  let misses = 0;
  for (let index = points.length - 1; index >= from; index--) {
    if (holds(points[index]!.value)) {
      at = index;
      misses = 0;
    } else if (++misses > 1) break;
  }
  return at;
}

export const quoted = ({ file, line, offset, rank, time, seconds, order, raw, cut }: Quoted): Quoted => ({
  ...{ file, line, offset, rank, time, seconds, order, raw, cut },
});

export const number = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);

export function courseFinding(
  cause: Finding['cause'],
  at: Point,
  strength: number,
  why: string,
  supports: readonly Point[] = [],
): Finding {
  return { cause, strength, follows: false, at: quoted(at), why, count: 1, supports: supports.map(quoted) };
}
