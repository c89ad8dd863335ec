// Alarms from several readings of one rollout: one a detector.
import { type Alarm, isProved } from '../../contracts/alarm.ts';

const MOST_WORDS = 2_000;

/** It was only read where nothing of it is more. */
export function merged(alarms: readonly Alarm[]): Alarm[] {
  const by = Map.groupBy(alarms, ({ detector }) => detector);
  return [...by.values()].map((same) => {
    const { read: _, ...one } = same.find(isProved) ?? same[0]!;
    const why = same
      .map((each) => each.why)
      .join('; ')
      .slice(0, MOST_WORDS);
    return same.some(isProved) ? { ...one, why } : { ...one, why, read: true };
  });
}
