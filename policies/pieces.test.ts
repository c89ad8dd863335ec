import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSmallerNext, piecesAfter } from './pieces.ts';

it('halves twice, then asks', () => {
  expect([0, 1, 2, 3, 4].map(piecesAfter)).toEqual([1, 2, 4, 4, 4]);
  expect([0, 1, 2, 3, 4].map(isSmallerNext)).toEqual([false, true, true, false, false]);
});

it('never tries again with as much memory as before', () => {
  fc.assert(
    fc.property(fc.nat(50), (kills) => {
      expect(isSmallerNext(kills)).toBe(kills > 0 && piecesAfter(kills) !== piecesAfter(kills - 1));
    }),
  );
});
