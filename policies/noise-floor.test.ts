import { describe, expect, it } from 'vitest';
import { noiseFloor } from './noise-floor.ts';
import type { LockedTask, TaskRates } from './paired-outcomes.ts';
import { createRandom } from './random.ts';

const tasks = (families: number, each = 1): LockedTask[] =>
  Array.from({ length: families * each }, (_, at) => ({
    task: `t${at}`,
    family: `f${at % families}`,
    capability: 'x',
  }));
const rates = (locked: readonly LockedTask[], rate: (at: number) => number): TaskRates =>
  new Map(locked.map(({ task }, at) => [task, rate(at)]));

describe('the noise floor', () => {
  it('is about two standard errors of the A/A difference', () => {
    const locked = tasks(100);
    // Ten families up, ten down: Σd² = 20, so 1.96·√20 = 8.8 families; the sum moves in steps of two.
    const second = rates(locked, (at) => (at < 10 ? 1 : at < 20 ? 0 : 0.5));
    const first = rates(locked, (at) => (at < 10 ? 0 : at < 20 ? 1 : 0.5));
    const { floor, steady, why } = noiseFloor(locked, first, second);
    expect(floor).toBeCloseTo(0.08, 12);
    expect(steady).toBe(true);
    expect(why).toBe(
      'One version measured twice moved 20 of 100 families and +0.0 points on average: differences up to 8.0 points are noise.',
    );
  });

  it('covers 95% of further A/A differences', () => {
    const locked = tasks(60, 3);
    const draw = (seed: number) => {
      const random = createRandom('aa', seed);
      return rates(locked, (at) => (random.unit() < (at % 4 === 0 ? 0.5 : 0.98) ? 1 : 0));
    };
    let [within, steady] = [0, 0];
    for (let seed = 0; seed < 200; seed += 1) {
      const found = noiseFloor(locked, draw(4 * seed), draw(4 * seed + 1));
      const [a, b] = [draw(4 * seed + 2), draw(4 * seed + 3)];
      const mean = locked.reduce((sum, { task }) => sum + b.get(task)! - a.get(task)!, 0) / locked.length;
      if (Math.abs(mean) <= found.floor + 1e-9) within += 1;
      if (found.steady) steady += 1;
    }
    expect(within).toBeGreaterThanOrEqual(182);
    expect(steady).toBeGreaterThanOrEqual(193);
  });

  it('is wider where the tasks of a family move together', () => {
    const [apart, together] = [tasks(120), tasks(30, 4)];
    const flip = (group: (at: number) => number, sign: number) => (at: number) =>
      group(at) % 6 === 0 ? ((group(at) % 12 === 0) === sign > 0 ? 1 : 0) : 1;
    const floorFor = (locked: LockedTask[], group: (at: number) => number) =>
      noiseFloor(locked, rates(locked, flip(group, 1)), rates(locked, flip(group, -1))).floor;
    expect(floorFor(together, (at) => at % 30)).toBeGreaterThan(floorFor(apart, (at) => at));
  });

  it('is one family where nothing moved, and everything where nothing is in common', () => {
    const locked = tasks(50);
    expect(
      noiseFloor(
        locked,
        rates(locked, () => 1),
        rates(locked, () => 1),
      ),
    ).toMatchObject({ floor: 0.02, steady: true });
    expect(noiseFloor(locked, new Map(), new Map())).toMatchObject({ floor: 1, steady: false });
  });

  it('sees that the measuring drifted', () => {
    const locked = tasks(50);
    const { steady, why } = noiseFloor(
      locked,
      rates(locked, () => 1),
      rates(locked, (at) => (at < 10 ? 0 : 1)),
    );
    expect(steady).toBe(false);
    expect(why).toContain('the measuring drifts');
  });
});
