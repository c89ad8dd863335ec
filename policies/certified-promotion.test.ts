import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CERTIFIED_RULE, type CertifiedRule, decideCertified, type Measured } from './certified-promotion.ts';
import type { LockedTask, TaskRates } from './paired-outcomes.ts';

/** 60 families of two tasks; the last six are of a rare capability. */
const locked: LockedTask[] = Array.from({ length: 120 }, (_, at) => ({
  task: `t${at}`,
  family: `f${Math.floor(at / 2)}`,
  capability: at < 108 ? 'common' : 'rare',
}));
const rates = (rate: (at: number) => number): TaskRates => new Map(locked.map(({ task }, at) => [task, rate(at)]));
const half = rates((at) => (Math.floor(at / 2) % 2 === 0 ? 1 : 0));
/** Version 0's results with tasks of the families from `from` to `to` set to `rate`. */
const changed = (from: number, to: number, rate: number, base: TaskRates = half): TaskRates =>
  new Map([...base].map(([task, before], at) => [task, at >= 2 * from && at < 2 * to ? rate : before]));
const noise = { floor: 0.03, steady: true, why: 'Noise.' };
const decide = (candidate: TaskRates, more: Partial<Measured> = {}, rule: Partial<CertifiedRule> = {}) =>
  decideCertified(
    { locked, candidate, best: half, roundZero: half, look: 1, noise, flagged: [], ...more },
    { ...CERTIFIED_RULE, ...rule },
  );

describe('the verdict', () => {
  it('promotes evident gains, and says on what', () => {
    const found = decide(changed(0, 30, 1));
    expect(found).toMatchObject({ verdict: 'promote', flagged: [] });
    // Fifteen families gained, one counts as lost: 17 / 2^16.
    expect(found.p).toBeCloseTo(17 / 2 ** 16, 12);
    expect(found.why).toBe(
      'Promoted: 75.0% against 50.0% of the best version on 120 tasks in 60 families (+25.0 points); chance alone gives as much with probability 2.6e-4, and look 1 may spend 0.0304.',
    );
  });

  it('holds what may be chance, and says what the set could have shown', () => {
    expect(decide(changed(0, 6, 1)).why).toBe(
      'Held: 55.0% against 50.0% of the best version on 120 tasks in 60 families (+5.0 points); chance alone gives as much with probability 0.3125, and look 1 may spend 0.0304. A set of this size certifies gains from about 13.3 points at this look.',
    );
    expect(decide(half).why).toContain('no task changed.');
  });

  it('asks more of every further look', () => {
    const candidate = changed(0, 22, 1);
    expect(decide(candidate, { look: 1 }).verdict).toBe('promote');
    expect(decide(candidate, { look: 20 }).verdict).toBe('hold');
  });

  it('reverts a fall beyond the limit and beyond noise', () => {
    expect(decide(changed(0, 30, 0))).toMatchObject({
      verdict: 'revert',
      why: expect.stringMatching(/^Reverted: 25\.0%/),
    });
    expect(decide(changed(0, 30, 0), { noise: { ...noise, floor: 0.4 } }).verdict).toBe('hold');
    expect(decide(changed(0, 8, 0)).verdict).toBe('hold');
  });

  it('blocks a gain that a rare capability paid for, and keeps it in doubt', () => {
    const traded = changed(54, 60, 0, changed(0, 50, 1));
    const roundZero = changed(54, 60, 1);
    const found = decide(traded, { roundZero });
    expect(found).toMatchObject({ verdict: 'hold', flagged: ['rare'] });
    expect(found.why).toMatch(/^Blocked: .*rare \(12 tasks in 6 families\): 0\.0% against 100\.0% of version 0/);
    // Later it measures just below version 0: no longer shown, but a human decides.
    const better = changed(54, 55, 0, changed(55, 60, 1, changed(0, 50, 1)));
    expect(decide(better, { roundZero, flagged: ['rare'] })).toMatchObject({ verdict: 'ask', flagged: ['rare'] });
    expect(decide(changed(0, 60, 1), { roundZero, flagged: ['rare'] })).toMatchObject({
      verdict: 'promote',
      flagged: [],
    });
  });

  it('holds below the noise floor, below the least gain, and while a gap freezes', () => {
    const candidate = changed(0, 30, 1);
    expect(decide(candidate, { noise: { ...noise, floor: 0.25 } }).why).toContain(
      'promotion needs more than 25.0 points',
    );
    expect(decide(candidate, {}, { minGain: 0.3 }).verdict).toBe('hold');
    const gap = { frozen: true, why: 'The gap is 12 points.' };
    expect(decide(candidate, { gap }).why).toMatch(/promotion is frozen\. The gap is 12 points\.$/);
    expect(decide(candidate, { gap: { ...gap, frozen: false } }).verdict).toBe('promote');
  });

  it('asks where the measuring drifts', () => {
    expect(decide(changed(0, 30, 1), { noise: { ...noise, steady: false } })).toMatchObject({ verdict: 'ask' });
  });

  it('holds without tasks, and where too many results are missing, whose slices it does not judge', () => {
    expect(decide(new Map(), { locked: [], best: new Map(), roundZero: new Map() }).why).toContain('has no tasks');
    const holes = new Map([...changed(0, 30, 1)].slice(0, 112));
    expect(decide(holes, { flagged: ['common'] })).toMatchObject({
      verdict: 'hold',
      flagged: ['common'],
      why: 'Held: 8 of 120 tasks lack a result, more than 5.0%: measure again.',
    });
  });

  it('can rest on an e-value, which many small gains convince less than few whole ones', () => {
    const small = rates((at) => (Math.floor(at / 2) % 2 === 0 ? 1 : at < 80 ? 0.25 : 0));
    expect(decide(small).verdict).toBe('promote');
    expect(decide(small, {}, { evidence: 'wealth' }).why).toMatch(/^Held: .*a bet against no gain made 2.\.\d of 1, /);
    expect(decide(changed(0, 24, 1), {}, { evidence: 'wealth' }).why).toMatch(
      /^Promoted: .*a bet against no gain made \d+ of 1, and look 1 needs 32\.9\.$/,
    );
  });
});

describe('laws', () => {
  const outcome = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 120, maxLength: 120 });
  const of = (values: number[]) => rates((at) => values[at]!);
  const rank = { revert: 0, hold: 1, ask: 2, promote: 3 };

  it('leaving a result of the candidate out never brings a promotion about', () => {
    fc.assert(
      fc.property(outcome, fc.nat(119), fc.nat(4), fc.integer({ min: 30, max: 60 }), (values, at, holes, gains) => {
        const whole = changed(0, gains, 1, of(values));
        const some = new Map([...whole].filter((_, index) => index < at || index >= at + holes));
        if (decide(some).verdict === 'promote') expect(decide(whole).verdict).toBe('promote');
      }),
      { numRuns: 60 },
    );
  });

  it('a task more never makes the evidence weaker', () => {
    fc.assert(
      fc.property(outcome, fc.nat(119), (values, at) => {
        const better = values.map((value, index) => (index === at ? 1 : value));
        expect(decide(of(better)).logE).toBeGreaterThanOrEqual(decide(of(values)).logE - 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('what is no gain is not promoted: all pass, all fail, the same again', () => {
    fc.assert(
      fc.property(outcome, fc.integer({ min: 1, max: 500 }), (values, look) => {
        const same = of(values);
        for (const side of [same, rates(() => 0), rates(() => 1)]) {
          const { verdict } = decide(side, { best: side, roundZero: side, look });
          expect(rank[verdict]).toBeLessThan(rank.ask);
        }
      }),
      { numRuns: 30 },
    );
  });
});
