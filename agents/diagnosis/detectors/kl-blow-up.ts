import { courseFinding, finite, median, number, onset, valuesOf } from './course.ts';
import type { CourseDetector } from './detector.ts';

/** Less is what policies that learn come to. */
const LEVEL = 1;

export const klBlowUp: CourseDetector = (series) =>
  series.flatMap((one) => {
    const points = finite(one);
    if (one.kind !== 'kl' || points.length < 12) return [];
    const usual = Math.max(median(valuesOf(points.slice(0, Math.ceil(points.length / 3))).map(Math.abs)), 1e-4);
    const end = median(valuesOf(points.slice(-3)).map(Math.abs));
    const most = Math.max(...points.map(({ value }) => Math.abs(value)));
    if (most < LEVEL || most < 10 * usual || end < 5 * usual) return [];
    const at = onset(points, (value) => Math.abs(value) > Math.max(4 * usual, Math.min(0.01 * most, 0.05)));
    const first = points[at];
    return first === undefined
      ? []
      : [
          courseFinding(
            'kl-blow-up',
            first,
            0.85,
            `${one.name} grows from about ${number(usual)} to ${number(most)}`,
            points.slice(at + 1, at + 3),
          ),
        ];
  });
