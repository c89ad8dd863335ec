import { courseFinding, finite, median, number, onset, valuesOf } from './course.ts';
import type { CourseDetector } from './detector.ts';

export const entropyCollapse: CourseDetector = (series) =>
  series.flatMap((one) => {
    const points = finite(one);
    if (one.kind !== 'entropy' || points.length < 15) return [];
    const usual = median(valuesOf(points.slice(0, Math.ceil(points.length / 4))));
    const end = median(valuesOf(points.slice(-Math.max(3, Math.floor(points.length / 10)))));
    if (!(usual > 0.02) || end > 0.15 * usual) return [];
    const at = onset(points, (value) => value < 0.6 * usual);
    const first = points[at];
    return first === undefined
      ? []
      : [
          courseFinding(
            'entropy-collapse',
            first,
            0.85,
            `${one.name} falls from about ${number(usual)} to ${number(end)}`,
            points.slice(at + 1, at + 3),
          ),
        ];
  });
