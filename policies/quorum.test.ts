import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision, TakenIn } from '../contracts/gate.ts';
import { campaignName, decisionId, gateId, sha256 } from '../contracts/ids.ts';
import { countIn, neededFor, quorumProblem } from './quorum.ts';

const by = (approver: string, option = 'release'): Decision => ({
  body: {
    ...{ schema: 'anneal/decision/v1', id: decisionId.parse(`of-${approver}-${option}`) },
    ...{ campaign: campaignName.parse('demo'), runChain: 'run-1', gate: gateId.parse('demo.release-1') },
    ...{ evidenceHash: sha256.parse('e'.repeat(64)), option, approver, reason: 'Yes.', unattended: false },
    ...{ signedAt: '2031-01-01T00:00:00.000Z', expiresAt: '2031-01-01T01:00:00.000Z', nonce: 'n'.repeat(22) },
  },
  ...{ keyId: sha256.parse('a'.repeat(64)), signature: 'x' },
});
const taken = (decision: Decision): TakenIn => ({
  ...{ decision, selfApproved: false, acceptedAt: '2031-01-01T00:00:00.000Z' },
});
const two = { needed: 2, safe: 'keep' };

describe('an answer', () => {
  it('closes where enough people say the same, with those who said it before', () => {
    expect(countIn([], by('ada'), { needed: 1, safe: 'keep' })).toEqual({ as: 'closing', seconds: [] });
    expect(countIn([], by('ada'), two)).toEqual({ as: 'counted', counted: 1 });
    const ada = taken(by('ada'));
    expect(countIn([ada], by('ben'), two)).toEqual({ as: 'closing', seconds: [ada] });
    // Another option is another count.
    expect(countIn([ada], by('ben', 'wait'), two)).toEqual({ as: 'counted', counted: 1 });
  });

  it('counts a person once, however their name is spelt', () => {
    for (const again of ['ada', 'Ada', 'ａｄａ'])
      expect(countIn([taken(by('ada'))], by(again), two)).toMatchObject({ as: 'refused' });
    expect(countIn([taken(by('ada'))], by('ada', 'wait'), two)).toMatchObject({ as: 'refused' });
  });

  it('that is safe is never held up, whoever said what', () => {
    expect(countIn([taken(by('ada'))], by('ada', 'keep'), { needed: 6, safe: 'keep' })).toEqual({
      ...{ as: 'closing', seconds: [] },
    });
  });
});

it('whatever comes in whichever order: what closes holds at the effect, and nothing with fewer people does', () => {
  const name = fc.constantFrom('ada', 'Ada', 'ben', 'cy', 'dee');
  const option = fc.constantFrom('release', 'wait', 'keep');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, option), { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (said, needed) => {
      const votes: TakenIn[] = [];
      for (const [who, what] of said) {
        const decision = by(who, what);
        const counted = countIn(votes, decision, { needed, safe: 'keep' });
        if (counted.as === 'counted') votes.push(taken(decision));
        if (counted.as !== 'closing') continue;
        if (what !== 'keep') {
          expect(quorumProblem(decision, counted.seconds, needed)).toBeUndefined();
          const people = new Set(
            [...counted.seconds.map((one) => one.decision), decision].map((d) => d.body.approver.toLowerCase()),
          );
          expect(people.size).toBeGreaterThanOrEqual(needed);
          if (needed > 1) expect(quorumProblem(decision, counted.seconds.slice(1), needed)).toContain(' of ');
        }
        return;
      }
    }),
    { numRuns: 2_000 },
  );
});

it('a kind that is not named needs one; a gate that says no kind the most there is', () => {
  expect(neededFor({ release: 2 }, 'promotion')).toBe(1);
  expect(neededFor({ release: 2, integrity: 3 }, 'release')).toBe(2);
  expect(neededFor({ release: 2, integrity: 3 }, undefined)).toBe(3);
  expect(neededFor({}, undefined)).toBe(1);
});
