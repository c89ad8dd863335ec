// One rank, or a few, that take longer than all others for the same.
import type { Series } from '../series.ts';
import { courseFinding, finite, median, number, valuesOf } from './course.ts';
import type { CourseDetector, Finding } from './detector.ts';

const RATIO = 1.35;

export const straggler: CourseDetector = (series) => {
  const groups = new Map<string, Series[]>();
  for (const one of series)
    if (one.rank !== undefined && (one.kind === 'stepTime' || one.kind === 'throughput') && one.points.length >= 4)
      groups.set(`${one.kind}|${one.name}`, [...(groups.get(`${one.kind}|${one.name}`) ?? []), one]);
  return [...groups.values()].flatMap(slowestOf);
};

function slowestOf(ranks: readonly Series[]): Finding[] {
  if (ranks.length < 3) return [];
  // As a time, so that more is slower.
  const cost = (value: number): number => (ranks[0]!.kind === 'throughput' ? 1 / Math.max(value, 1e-9) : value);
  const late = (one: Series): number =>
    median(valuesOf(finite(one).slice(-Math.ceil(one.points.length / 2))).map(cost));
  const usual = median(ranks.map(late));
  const slow = ranks.filter((one) => late(one) > RATIO * usual);
  if (slow.length === 0 || slow.length > ranks.length / 4 + 0.5) return [];
  const worst = slow.reduce((a, b) => (late(b) > late(a) ? b : a));
  const points = finite(worst);
  const at = points.findIndex((_, index) =>
    points.slice(index, index + 3).every(({ value }) => cost(value) > RATIO * usual),
  );
  const first = points[Math.max(0, at)];
  return first === undefined
    ? []
    : [
        courseFinding(
          'straggler',
          first,
          0.86,
          `${worst.name} of rank ${worst.rank} is ${number(late(worst) / usual)} times that of the others`,
          points.slice(at + 1, at + 3),
        ),
      ];
}
