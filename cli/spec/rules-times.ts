// Rules on durations: none is zero, and none is longer than what it lies within.
import type { Ground } from './ground.ts';
import type { Path } from './guide.ts';

const DURATIONS: readonly Path[] = [
  ['rollouts', 'timeout'],
  ['training', 'timeout'],
  ['pipeline', 'groupTimeout'],
  ['gates', 'deadline'],
  ['gates', 'remindAfter'],
  ['budget', 'wallClock'],
];

export function timeRules({ milliseconds, report }: Ground): void {
  for (const path of DURATIONS)
    if (milliseconds(path) === 0) report('spec.out_of_range', path, 'longer than zero', 'Write for example 60s.');
  const wall = milliseconds(['budget', 'wallClock']);
  for (const path of [
    ['rollouts', 'timeout'],
    ['training', 'timeout'],
  ]) {
    const limit = milliseconds(path);
    if (limit !== undefined && wall !== undefined && wall > 0 && limit > wall)
      report('spec.out_of_range', path, 'at most budget.wallClock', 'Shorten the timeout or raise budget.wallClock.');
  }
  const deadline = milliseconds(['gates', 'deadline']);
  const reminder = milliseconds(['gates', 'remindAfter']);
  if (deadline !== undefined && reminder !== undefined && reminder > 0 && reminder >= deadline)
    report('spec.out_of_range', ['gates', 'remindAfter'], 'before gates.deadline', 'Remind earlier, or wait longer.');
}
