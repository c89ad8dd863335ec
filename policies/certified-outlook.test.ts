import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alphaAt } from './alpha-spending.ts';
import { smallestGain } from './certifiable.ts';
import { outlook } from './certified-outlook.ts';

const RULE = { evidence: 'signs', alpha: 0.05, gain: 0.1 } as const;

describe('what a campaign can hope to certify', () => {
  it('is said with its arithmetic', () => {
    expect(outlook({ families: 12, atMost: true }, RULE, 20).why).toBe(
      'This set is too small to certify a gain of 10.0 points. Its gate split has at most 12 families, whose differences between two versions have a mean square of 0.100: it certifies gains from about 66.7 points at look 1, no gain at all at look 20, half of the time.',
    );
    expect(outlook({ families: 2000 }, RULE, 20)).toMatchObject({
      enough: true,
      why: expect.stringMatching(/^A gain of 10\.0 points can be certified\. Its gate split has 2000 families/),
    });
    expect(outlook({ families: 2000 }, RULE, 1).why).toMatch(/it certifies gains from about 1\.3 points, half/);
  });

  it('names the look after which the set is too small', () => {
    const { enough, why } = outlook({ families: 100 }, RULE, 20);
    const look = Number(/after look (\d+)\./.exec(why)?.[1]);
    const at = (one: number) => smallestGain({ units: 100, discordance: 0.1, alpha: alphaAt(one, 0.05), power: 0.5 });
    expect([enough, at(look) <= 0.1, at(look + 1) <= 0.1]).toEqual([false, true, false]);
  });

  it('is better with families and a larger gain, worse with looks and where wealth is asked for', () => {
    const sizes = fc.record({
      families: fc.integer({ min: 1, max: 3000 }),
      looks: fc.integer({ min: 1, max: 200 }),
      gain: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(sizes, ({ families, looks, gain }) => {
        const of = (more: number, round: number, rule = {}) =>
          outlook({ families: more }, { ...RULE, gain, ...rule }, round).enough;
        if (of(families, looks)) expect(of(2 * families, looks)).toBe(true);
        if (of(families, looks)) expect(of(families, looks, { gain: Math.min(1, 2 * gain) })).toBe(true);
        if (of(families, looks + 1)) expect(of(families, looks)).toBe(true);
        expect(of(2 * families, looks, { evidence: 'wealth' })).toBe(of(families, looks));
      }),
    );
  });
});
