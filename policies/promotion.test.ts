import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promotionSpec } from '../contracts/campaign.ts';
import { campaignName, makePolicyName, sha256 } from '../contracts/ids.ts';
import type { EvaluationResult } from '../contracts/policy-version.ts';
import {
  decideVerdict,
  openSealedOptions,
  recommendOpenSealed,
  recommendRelease,
  releaseOptions,
} from './promotion.ts';

const hash = sha256.parse('0'.repeat(64));
function measured(version: number, pass: number, correct = 0.5, n = 100): EvaluationResult {
  const rate = (value: number) => ({ value, low: value, high: value, n, clusters: 10 });
  return {
    policy: makePolicyName(campaignName.parse('quickstart'), version),
    split: 'gate',
    passRate: rate(pass),
    formatRate: rate(1),
    correctWhenFormatted: rate(correct),
    meanReward: rate(pass),
    masked: 0,
    tokens: 0,
    perTask: { uri: `store:objects/00/${hash}`, sha256: hash, bytes: 0 },
    root: hash,
  };
}
const rule = (change: object = {}) =>
  promotionSpec.parse({ minGain: 0.02, maxDrop: 0.1, maxCorrectnessDrop: 0.2, ...change });
const decide = (best: number, latest: number, change: object = {}, correct = 0.5) =>
  decideVerdict(rule(change), {
    best: measured(1, best),
    latest: measured(2, latest, correct),
    baseline: measured(0, 0.2, 0.5),
  });

describe('decideVerdict', () => {
  it('promotes at the wanted gain, rounding aside, and holds below it', () => {
    expect(decide(0.3, 0.35).verdict).toBe('promote');
    expect(decide(0.3, 0.32).verdict).toBe('promote'); // 0.32 − 0.3 is 0.020000000000000018
    expect(decide(0.28, 0.3).verdict).toBe('promote'); // 0.3 − 0.28 is 0.01999999999999996
    expect(decide(0.3, 0.319).verdict).toBe('hold');
    expect(decide(0.3, 0.3).verdict).toBe('hold');
  });

  it('takes no standstill for a gain when none is asked for', () => {
    expect(decide(0.3, 0.3, { minGain: 0 }).verdict).toBe('hold');
    expect(decide(0.3, 0.301, { minGain: 0 }).verdict).toBe('promote');
    expect(decide(0.3, 0.29, { minGain: -0.05 }).verdict).toBe('promote');
    expect(decide(0.3, 0.25, { minGain: -0.05 }).verdict).toBe('hold');
  });

  it('reverts only below the allowed drop', () => {
    expect(decide(0.4, 0.3).verdict).toBe('hold'); // 0.3 − 0.4 is −0.10000000000000003
    expect(decide(0.4, 0.299).verdict).toBe('revert');
    expect(decide(0.3, 0.299, { maxDrop: 0 }).verdict).toBe('revert');
  });

  it('asks when the format was learnt at the cost of the answers, and only where it would promote', () => {
    expect(decide(0.3, 0.4, {}, 0.29).verdict).toBe('ask');
    expect(decide(0.3, 0.4, {}, 0.3).verdict).toBe('promote');
    expect(decide(0.3, 0.3, {}, 0.1).verdict).toBe('hold');
    expect(decide(0.3, 0.1, {}, 0.1).verdict).toBe('revert');
    // One well-formed reply at the start, rightly answered, is not a correctness of 100%.
    const one = { best: measured(1, 0.3), latest: measured(2, 0.4, 0.1), baseline: measured(0, 0, 1, 9) };
    expect(decideVerdict(rule(), one).verdict).toBe('promote');
    const none = { best: measured(1, 0.3), latest: measured(2, 0.4, 0.1), baseline: measured(0, 0, 0.9, 0) };
    expect(decideVerdict(rule(), none).verdict).toBe('promote');
  });

  it('holds when nothing was graded', () => {
    const empty = { best: measured(1, 0.3), latest: measured(2, 0, 0, 0), baseline: measured(0, 0.2) };
    expect(decideVerdict(rule(), empty).verdict).toBe('hold');
  });

  it('says why in one sentence, with the numbers', () => {
    expect(
      [decide(0.3, 0.4), decide(0.3, 0.31), decide(0.4, 0.2), decide(0.3, 0.4, {}, 0.1)].map((ruled) => ruled.why),
    ).toMatchInlineSnapshot(`
      [
        "Promoted: gate pass rate 40.0% against 30.0% of quickstart.v1 (+10.0 points).",
        "Held: gate pass rate 31.0% against 30.0% of quickstart.v1 (+1.0 points); promotion needs at least +2.0 points.",
        "Reverted: gate pass rate 20.0% against 40.0% of quickstart.v1 (−20.0 points); a fall of more than 10.0 points reverts.",
        "A human is asked: gate pass rate 40.0% against 30.0% of quickstart.v1 (+10.0 points), but correctness among well-formed replies fell from 50.0% to 10.0%, more than the 20.0 points allowed.",
      ]
    `);
  });

  it('never gets worse by a better candidate, and never promotes a worse one with a gain asked for', () => {
    const share = fc.integer({ min: 0, max: 100 }).map((n) => n / 100);
    const rank = { revert: 0, hold: 1, ask: 2, promote: 2 };
    fc.assert(
      fc.property(share, share, share, share, share, (best, one, other, minGain, maxDrop) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const of = (latest: number) => decide(best, latest, { minGain, maxDrop }).verdict;
        expect(rank[of(high)]).toBeGreaterThanOrEqual(rank[of(low)]);
        if (of(low) === 'promote') expect(low).toBeGreaterThan(best);
        if (of(low) === 'revert') expect(low).toBeLessThan(best);
      }),
    );
  });
});

describe('recommendations', () => {
  const open = (bestVersion: number, openingsLeft: number, candidate = 2) =>
    recommendOpenSealed({
      ...{ candidate, bestVersion, openingsLeft },
      gate: measured(candidate, 0.5),
      baseline: measured(0, 0.2),
    });
  const release = (bestVersion: number, before: number, after: number, n = 100, candidate = 2) =>
    recommendRelease({
      ...{ candidate, bestVersion },
      sealed: { before: measured(0, before, 0.5, n), after: measured(candidate, after, 0.5, n) },
    });

  it('opens the sealed split within the budget, for a promoted version to confirm it and without one to see the drift', () => {
    expect(open(2, 1).recommended).toBe('open');
    expect(open(0, 1).recommended).toBe('open');
    expect(open(2, 0).recommended).toBe('keep');
    expect(open(0, 1).why).toContain('the candidate is the newest one, quickstart.v2');
  });

  it('spends no opening on version 0 against itself, and releases nothing then', () => {
    expect(open(0, 1, 0)).toMatchObject({ recommended: 'keep', why: expect.stringContaining('version 0') });
    expect(release(0, 0.2, 0.2, 100, 0)).toMatchObject({
      recommended: 'keep',
      why: expect.stringContaining('nothing to release'),
    });
    expect(openSealedOptions(measured(0, 0).policy)[0]?.effect).toContain('nothing can be released');
  });

  it('releases a promoted version that did not fall on the sealed split', () => {
    expect(release(2, 0.2, 0.3).recommended).toBe('release');
    expect(release(2, 0.3, 0.3).recommended).toBe('release');
    expect(release(2, 0.3, 0.29).recommended).toBe('keep');
    expect(release(0, 0.2, 0.3).recommended).toBe('keep');
    expect(release(2, 0, 0, 0).recommended).toBe('keep');
  });

  it('claims an improvement only where the interval of the paired gain lies above zero', () => {
    const gained = (low: number) =>
      recommendRelease({
        ...{ candidate: 2, bestVersion: 2 },
        sealed: {
          before: measured(0, 0.2),
          after: { ...measured(2, 0.3), gain: { value: 0.1, low, high: 0.2, n: 100, clusters: 10 } },
        },
      });
    expect(gained(0.01)).toMatchObject({ recommended: 'release', why: expect.stringContaining('improvement holds') });
    expect(gained(-0.01)).toMatchObject({ recommended: 'release', why: expect.stringContaining('may be chance') });
    expect(release(2, 0.3, 0.3).why).not.toContain('improvement holds');
  });

  it('says that the option would publish a version that was not promoted, and which', () => {
    expect(release(0, 0.2, 0.3).why).toContain('a release would give users quickstart.v2');
    const { policy } = measured(2, 0);
    expect(openSealedOptions(policy)[0]?.effect).toContain('version 0 and quickstart.v2');
    expect(releaseOptions(policy)[0]?.effect).toContain('users get quickstart.v2');
  });

  it('always names the option that changes nothing as safe', () => {
    for (const advice of [open(2, 1), open(0, 1), open(0, 1, 0), release(2, 0.2, 0.3), release(2, 0.3, 0.2)]) {
      expect(advice.safe).toBe('keep');
      expect(advice.why).toMatch(/^[A-Zq].*\.$/);
    }
  });
});
