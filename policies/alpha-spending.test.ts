import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alphaAt, alphaSpent, TOTAL_ALPHA } from './alpha-spending.ts';

it('spends 0.05·6/(π²t²)', () => {
  expect(alphaAt(1)).toBeCloseTo(0.030396, 6);
  expect(alphaAt(2)).toBeCloseTo(0.007599, 6);
  expect(alphaAt(100)).toBeCloseTo(3.0396e-6, 10);
});

it('never spends more than the total, and nearly all of it in the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 1e-6, max: 1, noNaN: true }), (looks, total) => {
      expect(alphaSpent(looks, total)).toBeLessThanOrEqual(total);
    }),
  );
  expect(alphaSpent(120)).toBeCloseTo(0.04975, 5);
  expect(alphaSpent(3000) / TOTAL_ALPHA).toBeGreaterThan(0.999);
});

it('refuses what is no look', () => {
  for (const look of [0, -1, 1.5, Number.NaN]) expect(() => alphaAt(look)).toThrow(RangeError);
});
