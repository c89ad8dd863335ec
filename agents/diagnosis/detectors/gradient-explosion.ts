import { courseFinding, finite, median, number, valuesOf } from './course.ts';
import type { CourseDetector } from './detector.ts';

const LEAST = 8;
const TIMES = 8;
const IN_A_ROW = 3;

export const gradientExplosion: CourseDetector = (series) =>
  series.flatMap((one) => {
    if (one.kind !== 'gradNorm') return [];
    const points = finite(one);
    for (let at = LEAST; at + IN_A_ROW <= points.length; at++) {
      const usual = median(valuesOf(points.slice(Math.max(0, at - 32), at)));
      const next = points.slice(at, at + IN_A_ROW);
      if (!(usual > 0) || !next.every(({ value }) => value > TIMES * usual && value > 1)) continue;
      // Grows, or stays where nothing usual ever was.
      const end = median(valuesOf(points.slice(-3)));
      if (end < (TIMES / 2) * usual && points.length - at > 12) continue;
      return [
        courseFinding(
          'gradient-explosion',
          points[at]!,
          0.88,
          `${one.name} leaves its usual ${number(usual)} for ${number(points[at]!.value)} and more`,
          next.slice(1),
        ),
      ];
    }
    return [];
  });
