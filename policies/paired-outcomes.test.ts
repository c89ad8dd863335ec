import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyMean, type LockedTask, pairOutcomes } from './paired-outcomes.ts';

const locked: LockedTask[] = ['a1', 'a2', 'a3', 'b1', 'c1'].map((task) => ({
  task,
  family: task.slice(0, 1),
  capability: 'x',
}));
const all = (rate: number, but: Record<string, number> = {}) =>
  new Map(locked.map(({ task }) => [task, but[task] ?? rate]));
const none = new Map<string, number>();

describe('pairing', () => {
  it('gives one difference a family, and the gain over tasks', () => {
    const paired = pairOutcomes(locked, { after: all(0, { a1: 1, b1: 1 }), before: all(0) });
    expect(paired).toMatchObject({ gain: 0.4, before: 0, after: 0.4, tasks: 5, missing: 0 });
    expect(paired.families).toEqual([1 / 3, 1, 0]);
    expect(familyMean(paired)).toBeCloseTo(4 / 9, 12);
  });

  it('counts what is missing against the later version, or leaves it out', () => {
    const some = new Map([...all(1)].filter(([task]) => task !== 'c1'));
    expect(pairOutcomes(locked, { after: some, before: all(1) })).toMatchObject({ gain: -0.2, missing: 1, tasks: 5 });
    expect(pairOutcomes(locked, { after: all(0), before: none })).toMatchObject({ gain: -1, missing: 5 });
    const left = pairOutcomes(locked, { after: some, before: all(1) }, 'left-out');
    expect(left).toMatchObject({ gain: 0, missing: 1, tasks: 4 });
    expect(left.families).toHaveLength(2);
    expect(pairOutcomes(locked, { after: none, before: none }, 'left-out')).toMatchObject({ gain: 0, tasks: 0 });
  });

  it('never gains by leaving a result of the candidate out', () => {
    const rates = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 5, maxLength: 5 });
    const named = (values: number[], keep: (at: number) => boolean) =>
      new Map(locked.flatMap(({ task }, at) => (keep(at) ? [[task, values[at]!] as const] : [])));
    fc.assert(
      fc.property(rates, rates, fc.nat(31), (after, before, mask) => {
        const whole = pairOutcomes(locked, { after: named(after, () => true), before: named(before, () => true) });
        const holes = pairOutcomes(locked, {
          after: named(after, (at) => ((mask >> at) & 1) === 0),
          before: named(before, () => true),
        });
        holes.families.forEach((difference, at) => {
          expect(difference).toBeLessThanOrEqual(whole.families[at]! + 1e-12);
        });
      }),
    );
  });

  it('refuses results that belong to no locked task, rates that are none, and a task named twice', () => {
    expect(() => pairOutcomes(locked, { after: new Map([['z9', 1]]), before: none })).toThrow(RangeError);
    expect(() => pairOutcomes(locked, { after: new Map([['a1', 1.1]]), before: none })).toThrow(RangeError);
    expect(() => pairOutcomes(locked, { after: none, before: new Map([['a1', Number.NaN]]) })).toThrow(RangeError);
    expect(() => pairOutcomes([...locked, locked[0]!], { after: none, before: none })).toThrow(RangeError);
  });
});
