import { expect, it } from 'vitest';
import { normalQuantileAbove, normalTail } from './normal.ts';

it('agrees with tables', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.158655254],
    [2.4, 0.00819753592],
    [2.6, 0.00466118802],
    [3.29052673, 0.0005],
    [6, 9.86587645e-10],
    [-1, 0.841344746],
  ] as const) {
    expect(Math.abs(normalTail(z) / p - 1)).toBeLessThan(1e-7);
    expect(normalQuantileAbove(p)).toBeCloseTo(z, 6);
  }
  for (const p of [0, 1, -1, Number.NaN]) expect(() => normalQuantileAbove(p)).toThrow(RangeError);
});
