import fc from 'fast-check';
import { expect, it } from 'vitest';
import { visiblePart } from './visible-part.ts';

const set = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4 })), { maxLength: 40 })
  .map((pairs) => [...new Map(pairs.map(([f, n]) => [`f${f}#${n}`, { id: `f${f}#${n}`, family: `f${f}` }])).values()]);

it('is as many tasks as asked for, of as many families as can be, whatever order they are given in', () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 1, max: 50 }), fc.nat(), (tasks, count, seed) => {
      const part = visiblePart(tasks, count, seed);
      expect(new Set(part).size).toBe(Math.min(count, tasks.length));
      const families = new Set(tasks.map(({ family }) => family)).size;
      expect(new Set(part.map((id) => id.split('#')[0])).size).toBe(Math.min(count, families));
      expect(visiblePart([...tasks].reverse(), count, seed)).toEqual(part);
    }),
  );
});

it('follows from the seed', () => {
  const tasks = Array.from({ length: 30 }, (_, n) => ({ id: `f${n}#a`, family: `f${n}` }));
  expect(visiblePart(tasks, 10, 1)).not.toEqual(visiblePart(tasks, 10, 2));
});
