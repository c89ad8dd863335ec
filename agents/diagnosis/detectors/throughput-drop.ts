// Fewer tokens a second, or longer steps, and it stays so.
import type { Point, Series } from '../series.ts';
import { courseFinding, finite, median, number, valuesOf } from './course.ts';
import type { CourseDetector, Finding } from './detector.ts';

const LEAST = 6;
const RATIO = 0.65;
const STAYS = 4;

export const throughputDrop: CourseDetector = (series) => {
  const found = series.flatMap(dropOf);
  return found.sort((a, b) => a.at.order - b.at.order).slice(0, 1);
};

function dropOf(one: Series): Finding[] {
  const slower =
    one.kind === 'throughput'
      ? (value: number, usual: number) => value < RATIO * usual
      : (value: number, usual: number) => value > usual / RATIO;
  if (one.kind !== 'throughput' && one.kind !== 'stepTime') return [];
  // The first steps compile and fill caches; a server without requests is not slow.
  if (/gen throughput|prompt throughput/i.test(one.name)) return [];
  const points = finite(one).slice(2);
  for (let at = LEAST; at + STAYS <= points.length; at++) {
    const usual = median(valuesOf(points.slice(Math.max(0, at - 40), at)));
    if (!slower(points[at]!.value, usual) || !(usual > 0)) continue;
    const rest = points.slice(at);
    if (
      rest.filter(({ value }) => slower(value, usual)).length < rest.length * 0.8 ||
      !slower(median(valuesOf(rest.slice(-STAYS))), usual)
    )
      continue;
    return [courseFinding('throughput-drop', points[at]!, 0.8, told(one.name, usual, rest), rest.slice(1, 3))];
  }
  return [];
}

const told = (name: string, usual: number, rest: readonly Point[]): string =>
  `${name} goes from about ${number(usual)} to ${number(median(valuesOf(rest)))} and stays there`;
