import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signFlips, upperLimit } from './sign-flip.ts';

const thirds = fc.integer({ min: -3, max: 3 }).map((n) => n / 3);
const few = fc.array(thirds, { minLength: 1, maxLength: 9 });

/** Every assignment of signs, counted. */
function counted(differences: readonly number[]): { upper: number; lower: number } {
  const observed = differences.reduce((sum, d) => sum + d, 0);
  let [upper, lower] = [0, 0];
  for (let mask = 0; mask < 2 ** differences.length; mask += 1) {
    const sum = differences.reduce((s, d, at) => s + ((mask >> at) & 1 ? Math.abs(d) : -Math.abs(d)), 0);
    if (sum >= observed - 1e-9) upper += 1;
    if (sum <= observed + 1e-9) lower += 1;
  }
  return { upper: upper / 2 ** differences.length, lower: lower / 2 ** differences.length };
}

describe('the test of signs', () => {
  it('is what counting every assignment gives', () => {
    fc.assert(
      fc.property(few, (differences) => {
        const { upper, lower } = signFlips(differences);
        const expected = counted(differences);
        expect(upper).toBeCloseTo(expected.upper, 12);
        expect(lower).toBeCloseTo(expected.lower, 12);
      }),
    );
  });

  it('gives the binomial tail where all magnitudes are equal', () => {
    // 9 up, 1 down: (10 + 1) / 2^10.
    expect(signFlips([...Array(9).fill(1), -1]).upper).toBeCloseTo(11 / 1024, 12);
    expect(signFlips(Array(20).fill(-0.5)).lower).toBeCloseTo(2 ** -20, 15);
  });

  it('does not call rarer than chance what chance does: P(p ≤ α) ≤ α over all assignments of signs', () => {
    fc.assert(
      fc.property(
        fc.array(thirds, { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, percent) => {
          const level = percent / 100;
          let rejected = 0;
          for (let mask = 0; mask < 2 ** sizes.length; mask += 1) {
            const flipped = sizes.map((d, at) => ((mask >> at) & 1 ? d : -d));
            if (signFlips(flipped).upper <= level) rejected += 1;
          }
          expect(rejected / 2 ** sizes.length).toBeLessThanOrEqual(level + 1e-12);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('says nothing where nothing moved, or nothing is there', () => {
    for (const none of [[], [0], [0, 0, 0]]) {
      expect(signFlips(none)).toMatchObject({ upper: 1, lower: 1 });
      expect(signFlips(none).beyond(0.05)).toBe(0);
    }
  });

  it('knows how far chance carries a sum', () => {
    // Ten coins: |sum| > 6 with 22/1024 = 2.1%, |sum| > 4 with 112/1024.
    const ten = signFlips([...Array(5).fill(1), ...Array(5).fill(-1)]);
    expect(ten.beyond(0.05)).toBe(6);
    expect(ten.beyond(0.2)).toBe(4);
    expect(ten.beyond(1)).toBe(0);
  });

  it('stays quick and exact-to-rounding for many families of odd sizes', () => {
    const many = Array.from({ length: 4000 }, (_, at) => Math.sin(at) * 0.3 + 0.02);
    const { upper } = signFlips(many);
    // z = Σd / √Σd² ≈ 5.9
    expect(upper).toBeGreaterThan(1e-10);
    expect(upper).toBeLessThan(1e-7);
  });
});

describe('the upper limit', () => {
  it('lies above the mean, is below zero exactly where the loss is shown, and grows with confidence', () => {
    fc.assert(
      fc.property(few, (differences) => {
        const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
        const limit = upperLimit(differences, 0.1);
        expect(limit).toBeGreaterThanOrEqual(mean - 1 / 360);
        expect(limit <= 0).toBe(signFlips(differences).lower <= 0.1);
        expect(upperLimit(differences, 0.02)).toBeGreaterThanOrEqual(limit);
      }),
    );
  });

  it('is no limit at all for fewer families than could show anything', () => {
    expect(upperLimit([-1, -1, -1], 0.05)).toBe(1);
    expect(upperLimit([-1, -1, -1, -1, -1], 0.05)).toBeLessThan(0);
  });
});
