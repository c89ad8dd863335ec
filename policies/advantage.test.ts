import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainingSpec } from '../contracts/campaign.ts';
import { campaignName, makeRolloutId, type RolloutId, type Sha256 } from '../contracts/ids.ts';
import { outcome } from '../contracts/trajectory.ts';
import { makeWeightTag } from '../contracts/weight-update.ts';
import {
  advantagesOf,
  assembleSamples,
  comparedWith,
  type GradedRollout,
  groupOf,
  hasOtherWeights,
  type Signal,
  signalOf,
} from './advantage.ts';

const campaign = campaignName.parse('quickstart');
const id = (group: number, sample: number): RolloutId =>
  makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group, sample });
const good = (rollout: RolloutId, reward: number): GradedRollout => ({
  rollout,
  outcome: reward > 0.5 ? 'success' : 'policy_failure',
  reward,
  fidelity: 'token-exact',
  completionTokens: 10,
});
const BY_GROUP: Signal = { by: 'group', divided: false };
const SIGNALS: readonly Signal[] = [
  ...[BY_GROUP, { by: 'group' as const, divided: true }],
  ...[{ by: 'round' as const }, { by: 'filter' as const, minReward: 1 }],
];
const rewards = fc.array(fc.constantFrom(0, 0.1, 0.2, 0.3, 0.7, 1, 1.2), { minLength: 1, maxLength: 16 });
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

describe('advantagesOf', () => {
  it('subtracts the mean', () => {
    expect(advantagesOf([1, 0, 0, 1], false)).toEqual([0.5, -0.5, -0.5, 0.5]);
    expect(advantagesOf([4, 0], false)).toEqual([2, -2]);
    expect(advantagesOf([], false)).toEqual([]);
  });

  it('divides by the population deviation', () => {
    const [a = 0, b = 0, c = 0] = advantagesOf([1, 2, 3], true);
    expect(a).toBeCloseTo(-Math.sqrt(1.5), 12);
    expect(b).toBe(0);
    expect(c).toBeCloseTo(Math.sqrt(1.5), 12);
  });

  it('is exactly zero where rewards are equal, however they are rounded, and for a single rollout', () => {
    for (const divided of [false, true]) {
      expect(advantagesOf([0.1, 0.1, 0.1], divided)).toEqual([0, 0, 0]);
      expect(advantagesOf([0.7], divided)).toEqual([0]);
      // The mean is 0.2; computed, it misses that by 2.8e-17.
      expect(advantagesOf([0, 0, 0.2, 0.7, 0.1], divided)[2]).toBe(0);
    }
  });

  it('sums to zero, keeps the order of rewards, and ignores a shift', () => {
    fc.assert(
      fc.property(rewards, fc.boolean(), fc.integer({ min: -3, max: 3 }), (list, divided, shift) => {
        const advantages = advantagesOf(list, divided);
        expect(Math.abs(sum(advantages))).toBeLessThan(1e-9);
        for (const [i, a] of list.entries())
          for (const [j, b] of list.entries()) if (a > b) expect(advantages[i]!).toBeGreaterThan(advantages[j]!);
        const shifted = advantagesOf(
          list.map((reward) => reward + shift),
          divided,
        );
        for (const [i, value] of shifted.entries()) expect(value).toBeCloseTo(advantages[i]!, 9);
        if (divided && new Set(list).size > 1)
          expect(sum(advantages.map((a) => a * a)) / list.length).toBeCloseTo(1, 9);
      }),
    );
  });
});

it('a completion must name the weights of the plan, where the plan has some', () => {
  const tag = (version: number) => makeWeightTag(version, 'ab'.repeat(32));
  const planned = {
    weights: { tag: tag(1), manifest: { uri: 'store:objects/ab/x', sha256: 'x' as Sha256, bytes: 1 } },
  };
  expect(hasOtherWeights(planned, { weights: tag(1) })).toBe(false);
  expect(hasOtherWeights(planned, { weights: tag(2) })).toBe(true);
  expect(hasOtherWeights(planned, {})).toBe(true);
  expect(hasOtherWeights(planned, undefined)).toBe(true);
  expect(hasOtherWeights({}, {})).toBe(false);
});

describe('assembleSamples', () => {
  it('names the reason of everything that does not train', () => {
    const base = good(id(0, 0), 1);
    const cases: [Partial<GradedRollout>, string][] = [
      [{ outcome: 'infrastructure_failure', reward: undefined }, 'infrastructure_failure'],
      [{ outcome: 'verifier_failure' }, 'verifier_failure'],
      [{ outcome: 'unknown' }, 'unknown'],
      [{ fidelity: 'text-only' }, 'text_only'],
      [{ otherWeights: true }, 'other_weights'],
      [{ fidelity: undefined }, 'no_completion'],
      [{ completionTokens: 0 }, 'no_completion'],
      [{ reward: undefined }, 'no_reward'],
      [{ reward: Number.NaN }, 'no_reward'],
    ];
    for (const [change, reason] of cases) {
      const graded = [{ ...base, ...change }, good(id(0, 1), 0), good(id(0, 2), 1)];
      const { samples } = assembleSamples({ planned: graded.map((g) => g.rollout), graded, signal: BY_GROUP });
      expect(samples[0], reason).toEqual({ id: id(0, 0), group: groupOf(id(0, 0)), state: 'masked', reason });
    }
    const cancelled = { ...base, outcome: 'cancelled' as const };
    const { samples, ledger } = assembleSamples({
      planned: [id(0, 0), id(0, 1), id(1, 0)],
      graded: [cancelled, good(id(1, 0), 1)],
      signal: BY_GROUP,
    });
    expect(samples.map((s) => ('reason' in s ? s.reason : s.state))).toEqual([
      'cancelled',
      'no_trajectory',
      'zero_advantage',
    ]);
    expect(ledger).toEqual({ requested: 3, trained: 0, masked: { no_trajectory: 1, zero_advantage: 1 }, cancelled: 1 });
  });

  it('compares within a group only', () => {
    const graded = [good(id(0, 0), 1), good(id(0, 1), 0), good(id(1, 0), 0.2), good(id(10, 0), 0), good(id(1, 1), 0)];
    const { samples } = assembleSamples({ planned: graded.map((g) => g.rollout), graded, signal: BY_GROUP });
    expect(samples.map((s) => (s.state === 'train' ? s.advantage : s.state))).toEqual([0.5, -0.5, 0.1, 'masked', -0.1]);
  });

  it('compares within the round, or with a bound, where that is asked for', () => {
    const graded = [good(id(0, 0), 1), good(id(0, 1), 1), good(id(1, 0), 0), good(id(1, 1), 0)];
    const planned = graded.map((g) => g.rollout);
    const round = assembleSamples({ planned, graded, signal: { by: 'round' } });
    expect(round.samples.map((s) => (s.state === 'train' ? s.advantage : s.state))).toEqual([1, 1, -1, -1]);
    // By groups there is no signal at all.
    expect(assembleSamples({ planned, graded, signal: BY_GROUP }).ledger).toMatchObject({
      masked: { zero_advantage: 4 },
    });
    const filtered = assembleSamples({ planned, graded, signal: { by: 'filter', minReward: 1 } });
    expect(filtered.samples.map((s) => (s.state === 'train' ? s.advantage : s.state))).toEqual([
      1,
      1,
      'masked',
      'masked',
    ]);
    expect(filtered.ledger.masked).toEqual({ below_filter: 2 });
  });

  it('takes the signal from the spec', () => {
    const training = trainingSpec.parse({ learningRate: 1e-5 });
    expect(signalOf(training)).toEqual(BY_GROUP);
    expect(signalOf({ ...training, advantage: 'mean-std' })).toEqual({ by: 'group', divided: true });
    expect(signalOf({ ...training, algorithm: 'reinforce++', advantage: 'round' })).toEqual({ by: 'round' });
    expect(signalOf({ ...training, algorithm: 'sft', minReward: 1 })).toEqual({ by: 'filter', minReward: 1 });
  });

  it('refuses an id that is planned or graded twice, and names strangers', () => {
    const one = good(id(0, 0), 1);
    const twice = [one.rollout, one.rollout];
    expect(() => assembleSamples({ planned: twice, graded: [], signal: BY_GROUP })).toThrow(/planned twice/);
    expect(() => assembleSamples({ planned: [], graded: [one, one], signal: BY_GROUP })).toThrow(/graded twice/);
    const { samples, strangers } = assembleSamples({ planned: [id(1, 0)], graded: [one], signal: BY_GROUP });
    expect(strangers).toEqual([one.rollout]);
    expect(samples).toHaveLength(1);
  });

  const anyRollout = fc.record({
    planned: fc.boolean(),
    graded: fc.boolean(),
    outcome: fc.constantFrom(...outcome.options),
    reward: fc.option(fc.constantFrom(0, 0.2, 1, 1.2), { nil: undefined }),
    fidelity: fc.constantFrom('token-exact' as const, 'token-exact' as const, 'text-only' as const, undefined),
    completionTokens: fc.nat(3),
    group: fc.nat(3),
  });

  it('accounts for every planned id exactly once; a trained one has a verified outcome and a signal', () => {
    fc.assert(
      fc.property(fc.array(anyRollout, { maxLength: 40 }), fc.constantFrom(...SIGNALS), (rollouts, signal) => {
        const all = rollouts.map((rollout, index) => ({ ...rollout, rollout: id(rollout.group, index) }));
        const planned = all.filter((rollout) => rollout.planned).map((rollout) => rollout.rollout);
        const graded = all.filter((rollout) => rollout.graded);
        const { samples, ledger, strangers } = assembleSamples({ planned, graded, signal });
        expect(samples.map((sample) => sample.id)).toEqual(planned);
        expect(ledger.trained + ledger.cancelled + sum(Object.values(ledger.masked))).toBe(ledger.requested);
        expect(ledger.requested).toBe(planned.length);
        expect(strangers).toEqual(graded.filter((one) => !one.planned).map((one) => one.rollout));
        for (const sample of samples) {
          if (sample.state !== 'train') continue;
          const from = graded.find((one) => one.rollout === sample.id)!;
          expect(sample.advantage).not.toBe(0);
          expect(['success', 'policy_failure']).toContain(from.outcome);
          expect(sample.reward).toBe(from.reward);
        }
        const trained = samples.filter((sample) => sample.state === 'train');
        for (const [, alike] of Map.groupBy(trained, (sample) => comparedWith(sample.id, signal))) {
          const advantages = alike.map(({ advantage }) => advantage);
          if (signal.by === 'filter') expect(new Set(advantages)).toEqual(new Set([1]));
          else expect(Math.abs(sum(advantages))).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it('gives the same advantages whatever invalid rollouts a group holds: they are no zeros in its baseline', () => {
    const invalid = fc.constantFrom<Partial<GradedRollout>>(
      { outcome: 'infrastructure_failure', reward: 0 },
      { outcome: 'verifier_failure', reward: 0 },
      { outcome: 'unknown', reward: 0 },
      { outcome: 'cancelled', reward: 0 },
      { fidelity: 'text-only' },
      { completionTokens: 0 },
      { reward: undefined },
    );
    fc.assert(
      fc.property(rewards, fc.array(invalid, { minLength: 1, maxLength: 8 }), (list, extra) => {
        const valid = list.map((reward, index) => good(id(0, index), reward));
        const others = extra.map((change, index) => ({ ...good(id(0, 100 + index), 0), ...change }));
        const assemble = (graded: GradedRollout[]) =>
          assembleSamples({ planned: graded.map((g) => g.rollout), graded, signal: BY_GROUP }).samples;
        const alone = assemble(valid);
        expect(assemble([...others, ...valid]).slice(others.length)).toEqual(alone);
      }),
    );
  });
});
