import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLoop, findRepetition, judgeLoop, LOOP_LIMITS, type Step, stepsNeeded } from './loops.ts';

const call = (did: string, saw = 'the same'): Step => ({ did, saw, called: true });
const say = (did: string, saw = 'go on'): Step => ({ did, saw, called: false });
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe('steps', () => {
  it('one call with one result, four times in a row', () => {
    expect(findLoop(times(3, () => call('ls')))).toBeUndefined();
    expect(findLoop([call('cd'), ...times(4, () => call('ls'))])).toEqual({ kind: 'call', period: 1, times: 4 });
  });

  it('two to four in turn, three times round', () => {
    for (const period of [2, 3, 4]) {
      const round = times(period, (at) => call(`call ${at}`));
      expect(findLoop([...round, ...round])).toBeUndefined();
      const found = findLoop([say('first'), ...round, ...round, ...round]);
      expect(found).toEqual({ kind: 'cycle', period, times: 3 });
    }
    const long = times(5, (at) => call(`call ${at}`));
    expect(findLoop(times(6, () => long).flat())).toBeUndefined();
  });

  it('the same words without a call', () => {
    expect(findLoop(times(4, () => say('I am done.')))).toEqual({ kind: 'text', period: 1, times: 4 });
  });

  it('waiting for something that changes is no loop', () => {
    expect(findLoop(times(20, (at) => call('status', `${at} % done`)))).toBeUndefined();
    expect(findLoop(times(20, (at) => call(at % 2 === 0 ? 'status' : 'sleep', `${at}`)))).toBeUndefined();
    // Nor is what once went on since.
    expect(findLoop([...times(9, () => call('status', 'waiting')), call('status', 'done')])).toBeUndefined();
  });

  it('the same file read after each edit, and edits that differ, are none', () => {
    const working = times(12, (at) => (at % 2 === 0 ? call(`edit ${at}`, 'ok') : call('test', `${at} failed`)));
    expect(findLoop(working)).toBeUndefined();
  });

  const step = fc.record({ did: fc.constantFrom('a', 'b'), saw: fc.constantFrom('x', 'y'), called: fc.boolean() });
  it('is found exactly where the end stands so often in a row', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const text = (part: readonly Step[]): string => part.map(({ did, saw }) => did + saw).join();
        const holds = (period: number, round: number): boolean => {
          const rounds = times(round, (at) =>
            steps.slice(steps.length - (at + 1) * period, steps.length - at * period),
          );
          return steps.length >= period * round && rounds.every((one) => text(one) === text(rounds[0]!));
        };
        const least = (period: number): number => (period === 1 ? LOOP_LIMITS.repeats : LOOP_LIMITS.cycles);
        const period = [1, 2, 3, 4].find((one) => holds(one, least(one)));
        const found = findLoop(steps);
        expect(found?.period).toBe(period);
        if (found !== undefined)
          expect([holds(found.period, found.times), holds(found.period, found.times + 1)]).toEqual([true, false]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('needs no more of them than it says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        expect(findLoop(steps.slice(-stepsNeeded()))?.period).toBe(findLoop(steps)?.period);
      }),
    );
  });
});

describe('what follows', () => {
  const steps = (count: number, period = 1) => times(count * period, (at) => call(`call ${at % period}`));

  it('is told at the fourth; refused at once, or when it goes on half as long again, or never', () => {
    const refusedFrom = (rule: 'tell' | 'warn' | 'stop', period = 1): number | undefined =>
      times(12, (at) => at + 1).find((count) => judgeLoop(steps(count, period), rule).refused);
    expect([refusedFrom('tell'), refusedFrom('warn'), refusedFrom('stop')]).toEqual([undefined, 6, 4]);
    expect([refusedFrom('tell', 4), refusedFrom('warn', 4), refusedFrom('stop', 4)]).toEqual([undefined, 5, 3]);
    for (const rule of ['tell', 'warn', 'stop'] as const) {
      expect(judgeLoop(steps(3), rule)).toEqual({ loop: undefined, refused: false });
      expect(judgeLoop(steps(4), rule).loop).toEqual({ kind: 'call', period: 1, times: 4 });
    }
  });

  const step = fc.record({ did: fc.constantFrom('a', 'b'), saw: fc.constant('x'), called: fc.boolean() });
  const rule = fc.constantFrom('tell', 'warn', 'stop');
  it('is the same for all rules but for the refusal, which is told before; the stricter rule refuses what the other does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (all) => {
        const [tell, warn, stop] = (['tell', 'warn', 'stop'] as const).map((one) => judgeLoop(all, one));
        expect([warn!.loop, stop!.loop]).toEqual([tell!.loop, tell!.loop]);
        expect(tell!.refused).toBe(false);
        expect(stop!.refused).toBe(tell!.loop !== undefined);
        if (warn!.refused) expect(stop!.refused).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('needs no more steps than it says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), rule, (all, one) => {
        const [some, whole] = [judgeLoop(all.slice(-stepsNeeded(one)), one), judgeLoop(all, one)];
        expect([some.refused, some.loop?.period]).toEqual([whole.refused, whole.loop?.period]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a text', () => {
  it('that cannot stop', () => {
    const end = 'and so it goes on. ';
    expect(findRepetition(`A beginning. ${end.repeat(60)}`)).toEqual({ kind: 'text', period: end.length, times: 60 });
    expect(findRepetition('no '.repeat(1_000_000))).toMatchObject({ period: 3 });
  });

  it('that is a list, a table, a ruler or code is none', () => {
    const table = times(90, (at) => `| row ${at} | ${at * 7} | yes |`).join('\n');
    const code = times(90, (at) => `  expect(sum(${at}, ${at + 1})).toBe(${2 * at + 1});`).join('\n');
    for (const text of [table, code, '-'.repeat(4_096), ' '.repeat(4_096), '| --- '.repeat(600), 'word '.repeat(40)])
      expect(findRepetition(text)).toBeUndefined();
  });

  it('ends in so many pieces of itself as is told', () => {
    const piece = fc.stringMatching(/^[a-c]{1,30}$/);
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), piece, fc.nat({ max: 99 }), (before, unit, count) => {
        const text = before + unit.repeat(count);
        const found = findRepetition(text);
        if (unit.length * count >= 512 && count >= 8) expect(found).toBeDefined();
        if (found === undefined) return;
        const end = text.slice(-found.period);
        expect(text.endsWith(end.repeat(found.times))).toBe(true);
      }),
    );
  });

  it('takes no longer for what almost repeats', () => {
    const started = performance.now();
    for (let round = 0; round < 200; round += 1) findRepetition(`${'a'.repeat(2_000)}b${'a'.repeat(2_000)}b`);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
