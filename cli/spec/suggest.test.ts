import fc from 'fast-check';
import { expect, it } from 'vitest';
import { didYouMean, editDistance } from './suggest.ts';

it('counts a slip of each kind once', () => {
  expect(editDistance('group', 'grup')).toBe(1);
  expect(editDistance('group', 'groupp')).toBe(1);
  expect(editDistance('group', 'grOup')).toBe(1);
  expect(editDistance('group', 'gruop')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
});

it('is symmetric, and zero only for the same word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

it('suggests what is near and nothing else', () => {
  const known = ['groupSize', 'groupsPerRound', 'timeout'];
  expect(didYouMean('group_size', known)).toBe('groupSize');
  expect(didYouMean('grupsPerRound', known)).toBe('groupsPerRound');
  expect(didYouMean('batch', known)).toBeUndefined();
  expect(didYouMean('ti', known)).toBeUndefined();
});
