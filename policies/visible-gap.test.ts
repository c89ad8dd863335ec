import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GapProgress } from '../contracts/certified.ts';
import type { Estimate } from '../contracts/policy-version.ts';
import { type GapRound, gapBetween, gapState } from './visible-gap.ts';

const estimate = (value: number, half = 0.04): Estimate => ({
  value,
  low: value - half,
  high: value + half,
  n: 200,
  clusters: 60,
});
const rounds = (...gaps: number[]): GapRound[] =>
  gaps.map((gap, at) => ({ round: at + 1, visible: estimate(0.02 + gap), held: estimate(0.02) }));
const RULE = { limit: 0.05, thawAfter: 3 };

describe('the gap', () => {
  it("has Newcombe's interval", () => {
    // Statistics in Medicine 17 (1998) 873–890, table II, method 10: 56/70 − 48/80.
    const wilson = (value: number, low: number, high: number): Estimate => ({ value, low, high, n: 1, clusters: 1 });
    const gap = gapBetween(wilson(56 / 70, 0.69179, 0.87698), wilson(48 / 80, 0.49044, 0.70044));
    expect(gap.value).toBeCloseTo(0.2, 12);
    expect(gap.low).toBeCloseTo(0.0524, 3);
    expect(gap.high).toBeCloseTo(0.3339, 3);
  });

  it('lies in its interval, and turns with its sides', () => {
    const any = fc
      .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.5, noNaN: true }))
      .map(([value, half]) => estimate(value, half));
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [there, back] = [gapBetween(a, b), gapBetween(b, a)];
        expect(there.low <= there.value && there.value <= there.high).toBe(true);
        expect(back.low).toBeCloseTo(-there.high, 12);
        expect(back.value).toBeCloseTo(-there.value, 12);
      }),
    );
  });
});

describe('the freeze', () => {
  const frozen = (...gaps: number[]) => gapState(rounds(...gaps), RULE).frozen;

  it('comes with the lower bound above the limit, not with the estimate', () => {
    // Half-width √(0.04² + 0.04²) = 5.7 points.
    expect([frozen(), frozen(0.1), frozen(0.11)]).toEqual([false, false, true]);
    expect(gapState(rounds(0.11), RULE).why).toBe(
      'Round 1: +13.0 points on the visible split against +2.0 points on the held-out one, a gap of 11.0 points (5.3 points to 16.7 points); round 1 showed more than 5.0 points. It thaws after 3 more rounds in a row with a gap of at most 5.0 points.',
    );
  });

  it('thaws after three calm rounds in a row, and no sooner', () => {
    expect(frozen(0.2, 0.04, 0.04)).toBe(true);
    expect(gapState(rounds(0.2, 0.04, 0.04), RULE).why).toContain('after 1 more round in a row');
    expect(frozen(0.2, 0.04, 0.04, 0.06, 0.04, 0.04)).toBe(true);
    expect(frozen(0.2, 0.04, 0.04, 0.04)).toBe(false);
    expect(frozen(0.2, 0.04, 0.04, 0.04, 0.2)).toBe(true);
    expect(gapState(rounds(0.2, 0.04, 0.04, 0.04), RULE).why).toMatch(/not shown to exceed 5\.0 points\.$/);
  });

  it('is the same whether rounds are judged at once or one by one, as a campaign does', () => {
    const gap = fc.double({ min: -0.3, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(fc.array(gap, { minLength: 1, maxLength: 12 }), (gaps) => {
        let carried: GapProgress = { calm: 0 };
        let last = gapState([], RULE);
        for (const one of rounds(...gaps)) {
          last = gapState([one], RULE, carried);
          carried = last.progress;
        }
        expect(last).toEqual(gapState(rounds(...gaps), RULE));
      }),
    );
    expect(gapState([], RULE, { calm: 0, since: 4 })).toMatchObject({ frozen: true, why: 'Frozen since round 4.' });
  });

  it('is never lifted by a larger gap, and never by one without calm rounds', () => {
    const gap = fc.double({ min: -0.3, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(fc.array(gap, { minLength: 1, maxLength: 12 }), fc.nat(), gap, (gaps, pick, other) => {
        const larger = gaps.map((value, at) => (at === pick % gaps.length ? Math.max(value, other) : value));
        if (frozen(...gaps)) expect(frozen(...larger)).toBe(true);
        if (frozen(...gaps) && gaps.length > 1) expect(frozen(...gaps, 0.06)).toBe(true);
      }),
    );
  });
});
