import fc from 'fast-check';
import { expect, it } from 'vitest';
import { restOfLog } from './rest-of-log.ts';

it('with what was told it is the whole log, wherever the one ends and the other begins', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(60), (count, told, cut) => {
      const log = Array.from({ length: count }, (_, index) => `[${index}s] line`);
      const before = log.slice(0, told);
      // The beginning is missing, but no line between the two.
      const kept = log.slice(Math.min(cut, before.length));
      expect([...before, ...restOfLog(before, kept)]).toEqual(log);
    }),
  );
});

it('is not taken in by a line that occurs again, and repeats nothing of a log that was kept early', () => {
  expect(restOfLog(['a', '', 'b', ''], ['a', '', 'b', '', 'c', ''])).toEqual(['c', '']);
  expect(restOfLog(['a', 'b', 'c'], ['a'])).toEqual([]);
  expect(restOfLog(['a', 'b'], [])).toEqual([]);
});

it('is all that was kept where lines between are lost', () => {
  expect(restOfLog(['a', 'b'], ['y', 'z'])).toEqual(['y', 'z']);
});
