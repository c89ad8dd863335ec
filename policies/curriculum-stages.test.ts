import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskId } from '../contracts/ids.ts';
import { type Stage, type StagedInput, type StagedTask, selectStaged } from './curriculum-stages.ts';

const DOMAINS = ['reasoning', 'swe', 'terminal'];
const tasksOf = (count: number): StagedTask[] =>
  DOMAINS.flatMap((domain) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ id: taskId.parse(`${domain}#${index}`), family: `${domain}-${index % 3}`, domain, length: 10 * (index + 1) },
    })),
  );
const stage = (change: Partial<Stage> = {}): Stage => ({
  ...{ rounds: 2, mix: { swe: 1, reasoning: 1, terminal: 2 }, longest: {}, difficulty: { min: 0, max: 1 } },
  ...change,
});
const input = (change: Partial<StagedInput> = {}): StagedInput => ({
  ...{ tasks: tasksOf(10), stages: [stage()], startingPassRates: {}, groups: 8, seed: 1, round: 1 },
  ...change,
});

const stages = fc.array(
  fc.record({
    rounds: fc.integer({ min: 1, max: 4 }),
    mix: fc.dictionary(fc.constantFrom(...DOMAINS), fc.integer({ min: 1, max: 9 }), { minKeys: 1 }),
    longest: fc.dictionary(fc.constantFrom(...DOMAINS), fc.integer({ min: 10, max: 100 })),
    difficulty: fc.constant({ min: 0, max: 1 }),
  }),
  { minLength: 1, maxLength: 4 },
);

describe('selectStaged', () => {
  it('fills every round with tasks of its stage alone, within one group of each share', () => {
    fc.assert(
      fc.property(
        stages,
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (all, seed, groups, round) => {
          const given = input({ stages: all, seed, groups, round });
          const { tasks, stage: number, drawn } = selectStaged(given);
          expect(tasks).toHaveLength(groups);
          const at = all[number - 1]!;
          const total = Object.values(at.mix).reduce((sum, share) => sum + share, 0);
          for (const id of tasks) {
            const task = given.tasks.find((one) => one.id === id)!;
            expect(Object.keys(at.mix)).toContain(task.domain);
            expect(task.length).toBeLessThanOrEqual(at.longest[task.domain] ?? Number.POSITIVE_INFINITY);
          }
          for (const [domain, share] of Object.entries(at.mix)) {
            const count = tasks.filter((id) => id.startsWith(`${domain}#`)).length;
            expect(count).toBe(drawn[domain]);
            expect(Math.abs(count - (groups * share) / total)).toBeLessThan(1);
          }
        },
      ),
    );
  });

  it('goes through the stages in their order, and stays in the last', () => {
    fc.assert(
      fc.property(stages, (all) => {
        const rounds = all.reduce((sum, { rounds: own }) => sum + own, 0) + 3;
        const seen = Array.from(
          { length: rounds },
          (_, index) => selectStaged(input({ stages: all, round: index + 1 })).stage,
        );
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
        for (const [index, { rounds: own }] of all.slice(0, -1).entries())
          expect(seen.filter((number) => number === index + 1)).toHaveLength(own);
        expect(seen.at(-1)).toBe(all.length);
      }),
    );
  });

  it('is a function of seed and round alone, and sees every task of a stage before any again', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 3, max: 9 }), (seed, groups) => {
        const given = input({ seed, groups, stages: [stage({ rounds: 100 })] });
        expect(selectStaged({ ...given, tasks: [...given.tasks].reverse() })).toEqual(selectStaged(given));
        const ids = Array.from({ length: 40 }, (_, index) => selectStaged({ ...given, round: index + 1 }).tasks)
          .flat()
          .filter((id) => id.startsWith('swe#'));
        expect(new Set(ids.slice(0, 10)).size).toBe(Math.min(10, ids.length));
      }),
    );
  });

  it('gives the share of a domain that has nothing fitting to the others, and says so', () => {
    const { drawn, notes } = selectStaged(input({ stages: [stage({ longest: { terminal: 5 } })] }));
    expect(drawn).toEqual({ reasoning: 4, swe: 4 });
    expect(notes).toEqual(['No task of terminal fits stage 1: others take its share.']);
    expect(() => selectStaged(input({ stages: [stage({ mix: { slides: 1 } })] }))).toThrow(
      expect.objectContaining({ code: 'tasks.none_left' }),
    );
  });

  it('draws by difficulty', () => {
    const rates = Object.fromEntries(tasksOf(10).map(({ id }, index) => [id, (index % 10) / 10]));
    const easy = stage({ difficulty: { min: 0.5, max: 0.9 } });
    const { tasks } = selectStaged(input({ stages: [easy], startingPassRates: rates }));
    for (const id of tasks) expect(rates[id]).toBeGreaterThanOrEqual(0.5);
  });
});
