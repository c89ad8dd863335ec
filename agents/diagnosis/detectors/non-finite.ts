// NaN or infinity where a number should be: at the end, or several times in a row. A gradient's infinity now and then is what scaled
// losses are made for.
import { courseFinding } from './course.ts';
import type { CourseDetector } from './detector.ts';

const LOOKED_AT = new Set(['loss', 'gradNorm', 'kl', 'entropy', 'reward']);
const IN_A_ROW = 3;

export const nonFinite: CourseDetector = (series) =>
  series.flatMap(({ kind, name, points }) => {
    if (!LOOKED_AT.has(kind)) return [];
    let from = -1;
    for (let at = 0; at < points.length; at++) {
      if (Number.isFinite(points[at]!.value)) {
        from = -1;
        continue;
      }
      if (from === -1) from = at;
      const row = at - from + 1;
      const ends = at === points.length - 1;
      if (row < IN_A_ROW && !(ends && (Number.isNaN(points[at]!.value) || kind !== 'gradNorm'))) continue;
      const first = points[from]!;
      return [
        courseFinding(
          'nan-or-inf',
          first,
          kind === 'loss' || kind === 'gradNorm' ? 0.93 : 0.85,
          `${name} is ${first.value} from here on`,
          points.slice(from + 1, from + 3),
        ),
      ];
    }
    return [];
  });
