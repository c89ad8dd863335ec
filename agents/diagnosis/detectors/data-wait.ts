// The share of a step that waits for data.
import type { Point } from '../series.ts';
import { courseFinding, finite, median, number, onset } from './course.ts';
import type { CourseDetector } from './detector.ts';

const SHARE = 0.4;

export const dataWait: CourseDetector = (series) =>
  series.flatMap((one) => {
    if (one.kind !== 'dataTime' || one.points.length < 10) return [];
    // The step's time stands on the same line.
    const steps = series
      .filter(({ kind, rank }) => kind === 'stepTime' && rank === one.rank)
      .flatMap((of) => finite(of));
    const byOrder = new Map(steps.map((point) => [point.order, point.value]));
    const shares: Point[] = finite(one).flatMap((point) => {
      const whole = byOrder.get(point.order);
      return whole === undefined || whole <= 0 || whole < point.value * 0.5
        ? []
        : [{ ...point, value: point.value / whole }];
    });
    if (shares.length < 10) return [];
    const end = median(shares.slice(-Math.ceil(shares.length / 4)).map(({ value }) => value));
    if (end < SHARE) return [];
    const at = onset(shares, (value) => value > SHARE * 0.9);
    const first = shares[at];
    return first === undefined
      ? []
      : [
          courseFinding(
            'data-starvation',
            first,
            0.85,
            `${number(end * 100)}% of a step waits for data`,
            shares.slice(at + 1, at + 3),
          ),
        ];
  });
