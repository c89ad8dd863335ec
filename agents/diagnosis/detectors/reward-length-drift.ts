// Replies grow, or shrink, and the reward does not say why.
import { courseFinding, finite, median, number, onset, valuesOf } from './course.ts';
import type { CourseDetector } from './detector.ts';

export const rewardLengthDrift: CourseDetector = (series) =>
  series.flatMap((one) => {
    const points = finite(one);
    if (one.kind !== 'length' || points.length < 24) return [];
    const ends = Math.max(3, Math.floor(points.length / 6));
    const usual = median(valuesOf(points.slice(0, ends)));
    const end = median(valuesOf(points.slice(-ends)));
    const length = end / usual;
    const rewards = series.find(
      ({ kind, rank, points: of }) => kind === 'reward' && rank === one.rank && of.length >= 24,
    );
    const paid = rewards === undefined ? 1 : gain(valuesOf(finite(rewards)), ends);
    const grows = (length >= 1.5 && paid < 1.15) || (length >= 2 && paid < 0.9 * length);
    const shrinks = length <= 0.4 && paid < 1.15;
    if (!grows && !shrinks) return [];
    const at = onset(points, (value) => (grows ? value > usual * 1.12 : value < usual / 1.12));
    const first = points[at];
    return first === undefined
      ? []
      : [
          courseFinding(
            'reward-length-drift',
            first,
            0.75,
            `${one.name} goes from about ${number(usual)} to ${number(end)}, the reward to ${number(paid)} times what it was`,
            points.slice(-2),
          ),
        ];
  });

function gain(values: readonly number[], ends: number): number {
  const before = median(values.slice(0, ends));
  const after = median(values.slice(-ends));
  return before > 0 ? after / before : after > 0 ? 2 : 1;
}
