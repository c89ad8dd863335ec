import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskId } from '../contracts/ids.ts';
import { type CurriculumInput, type CurriculumTask, selectTasks } from './curriculum.ts';

function tasksOf(sizes: readonly number[]): CurriculumTask[] {
  return sizes.flatMap((size, family) =>
    Array.from({ length: size }, (_, index) => ({ id: taskId.parse(`f${family}#${index}`), family: `f${family}` })),
  );
}
const familyOf = (id: string): string => id.split('#')[0]!;
const input = (change: Partial<CurriculumInput>): CurriculumInput => ({
  tasks: tasksOf([3, 3, 3]),
  startingPassRates: {},
  min: 0,
  max: 1,
  groups: 4,
  seed: 1,
  round: 1,
  ...change,
});
const draw = (given: CurriculumInput, rounds: number): string[][] =>
  Array.from({ length: rounds }, (_, index) => selectTasks({ ...given, round: index + 1 }).tasks);
const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });

describe('selectTasks', () => {
  it('is a function of seed and round alone, whatever order the tasks are listed in', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 12 }),
        (family, seed, round, groups) => {
          const tasks = tasksOf(family);
          const given = input({ tasks, seed, round, groups });
          expect(selectTasks({ ...given, tasks: [...tasks].reverse() })).toEqual(selectTasks(given));
        },
      ),
    );
    expect(draw(input({ seed: 1 }), 3)).not.toEqual(draw(input({ seed: 2 }), 3));
  });

  it('draws every task once before any is drawn again', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 12 }), (family, seed, groups) => {
        const tasks = tasksOf(family);
        const drawn = draw(input({ tasks, seed, groups }), Math.ceil((3 * tasks.length) / groups)).flat();
        for (let epoch = 0; epoch < 3; epoch += 1) {
          const part = drawn.slice(epoch * tasks.length, (epoch + 1) * tasks.length);
          expect(new Set(part).size).toBe(tasks.length);
        }
      }),
    );
  });

  it('draws no task twice in a round while there are enough', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 12 }), (family, seed, groups) => {
        const tasks = tasksOf(family);
        fc.pre(tasks.length >= groups);
        for (const round of draw(input({ tasks, seed, groups }), 12)) expect(new Set(round).size).toBe(groups);
      }),
    );
  });

  it('fills every round, by repeating as evenly as can be when tasks are few, and says so', () => {
    const few = input({ tasks: tasksOf([2, 1]), groups: 7 });
    for (const round of draw(few, 5)) {
      const counts = ['f0#0', 'f0#1', 'f1#0'].map((id) => round.filter((one) => one === id).length);
      expect(round).toHaveLength(7);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(selectTasks(few).notes).toEqual(['Only 3 tasks are eligible for 7 groups: some are drawn twice.']);
  });

  it('spreads a round over families in proportion to their sizes', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 12 }), (family, seed, groups) => {
        const tasks = tasksOf(family);
        fc.pre(tasks.length >= groups);
        // Rounds of the first epoch, which nothing was put off into.
        for (const round of draw(input({ tasks, seed, groups }), Math.floor(tasks.length / groups))) {
          family.forEach((size, index) => {
            const count = round.filter((id) => familyOf(id) === `f${index}`).length;
            // Places of other families jitter by one task each way.
            const share = (size * (groups + 2 * family.length)) / tasks.length;
            expect(count).toBeLessThanOrEqual(Math.ceil(share) + 1);
          });
        }
      }),
    );
    const equal = draw(input({ tasks: tasksOf([5, 5, 5, 5]), groups: 4 }), 5);
    for (const round of equal) expect(new Set(round.map(familyOf)).size).toBe(4);
  });

  describe('starting pass rates', () => {
    const tasks = tasksOf([6]);
    const rates = { 'f0#0': 0, 'f0#1': 0.05, 'f0#2': 0.5, 'f0#3': 0.9, 'f0#4': 1 };
    const given = (groups: number, change: Partial<CurriculumInput> = {}) =>
      input({ tasks, startingPassRates: rates, min: 0.05, max: 0.9, groups, ...change });

    it('draws only tasks inside the range, its ends included', () => {
      const { tasks: drawn, notes } = selectTasks(given(3));
      expect([...drawn].sort()).toEqual(['f0#1', 'f0#2', 'f0#3']);
      expect(notes).toEqual([]);
    });

    it('falls back to tasks of unknown rate when too few, and says so; never to those outside', () => {
      const { tasks: drawn, notes } = selectTasks(given(4));
      expect([...drawn].sort()).toEqual(['f0#1', 'f0#2', 'f0#3', 'f0#5']);
      expect(notes).toEqual([
        'Only 3 tasks have a known starting pass rate between 0.05 and 0.9: 1 of unknown rate are drawn from as well.',
      ]);
      expect(new Set(draw(given(5), 9).flat())).toEqual(new Set(drawn));
    });

    it('takes all tasks, without a note, when no rate is known at all', () => {
      expect(selectTasks(given(6, { startingPassRates: {} }))).toMatchObject({ notes: [] });
    });

    it('is not misled by ids that name members of objects', () => {
      const odd = ['constructor', '__proto__', 'toString'].map((id) => ({ id: taskId.parse(id), family: id }));
      expect(selectTasks(given(3, { tasks: odd })).tasks).toHaveLength(3);
    });

    it('says when nothing is left', () => {
      const none = { tasks: tasks.slice(0, 1), min: 0.5 };
      expect(() => selectTasks(given(1, none))).toThrow(expect.objectContaining({ code: 'tasks.none_left' }));
      expect(() => selectTasks(given(1, { tasks: [] }))).toThrow(expect.objectContaining({ code: 'tasks.none_left' }));
    });
  });
});
