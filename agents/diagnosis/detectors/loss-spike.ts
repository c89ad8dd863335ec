import { courseFinding, finite, median, number, spread, valuesOf } from './course.ts';
import type { CourseDetector } from './detector.ts';

const BEFORE = 32;
const LEAST = 8;
/** Losses about zero (of policy gradients) jump as they like. */
const LEVEL = 0.1;

export const lossSpike: CourseDetector = (series) =>
  series.flatMap((one) => {
    if (one.kind !== 'loss') return [];
    const points = finite(one);
    for (let at = LEAST; at < points.length; at++) {
      const before = valuesOf(points.slice(Math.max(0, at - BEFORE), at));
      const middle = median(before);
      const usual = Math.max(spread(before, middle), 0.02 * Math.abs(middle));
      const { value } = points[at]!;
      if (middle > LEVEL && value > middle + 10 * usual && value > 1.5 * middle)
        return [
          courseFinding(
            'loss-spike',
            points[at]!,
            0.85,
            `${one.name} jumps to ${number(value)} from about ${number(middle)}`,
            points.slice(at + 1, at + 3),
          ),
        ];
    }
    return [];
  });
