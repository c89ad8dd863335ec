import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByRollout } from './by-rollout.ts';

const number = fc.nat({ max: 12 });
const id = fc
  .tuple(fc.constantFrom('a', 'a-b'), number, fc.constantFrom('train.v0', 'gate.v0', 'gate.v1'), number, number)
  .map(([campaign, round, purpose, group, sample]) => `${campaign}/r${round}/${purpose}/g${group}/s${sample}`);

it('finds by any prefix what a search through all ids finds, in their order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 60 }), fc.nat(), fc.nat(), (ids, which, cut) => {
      const index = createByRollout<string>();
      for (const one of ids) index.set(one, one);
      expect(index.size()).toBe(ids.length);
      for (const one of ids) expect(index.get(one)).toBe(one);
      const whole = ids[which % Math.max(1, ids.length)] ?? 'a/r1/train.v0/g1/s1';
      const prefix = whole.slice(0, cut % (whole.length + 1));
      const expected = ids.filter((one) => one.startsWith(prefix)).sort();
      expect(index.startingWith(prefix)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

it('keeps the last value of an id', () => {
  const index = createByRollout<number>();
  index.set('a/r0/train.v0/g0/s0', 1);
  index.set('a/r0/train.v0/g0/s0', 2);
  expect([index.size(), ...index.startingWith('a/')]).toEqual([1, 2]);
});
