import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('every rollout is given out once, however the lanes come back', () => {
  const shard = fc.record({
    start: fc.nat(50),
    count: fc.nat(60),
    groupSize: fc.integer({ min: 1, max: 9 }),
    lanes: fc.array(fc.nat(7), { minLength: 1, maxLength: 80 }),
  });
  fc.assert(
    fc.property(shard, ({ start, count, groupSize, lanes }) => {
      const turns = createTurns(start, start + count, groupSize);
      const previous = new Map<number, number>();
      const given: number[] = [];
      for (let n = 0; ; n += 1) {
        const lane = lanes[n % lanes.length]!;
        const index = turns.next(previous.get(lane));
        if (index === undefined) break;
        previous.set(lane, index);
        given.push(index);
      }
      expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => start + n));
    }),
  );
});

test('a lane stays with its group; a new one takes the group with most left', () => {
  const turns = createTurns(0, 6, 3);
  expect([turns.next(), turns.next(), turns.next(0), turns.next(1), turns.next(2), turns.next(4)]).toEqual([
    0, 3, 1, 2, 4, 5,
  ]);
  expect(turns.next(5)).toBeUndefined();
});

test('groups of one are played in order', () => {
  const turns = createTurns(4, 7, 1);
  expect([turns.next(), turns.next(4), turns.next(5), turns.next(6)]).toEqual([4, 5, 6, undefined]);
});
