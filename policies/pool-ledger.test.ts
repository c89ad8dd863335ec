import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CompletionId, RolloutId } from '../contracts/ids.ts';
import { outcome, TRAINABLE } from '../contracts/trajectory.ts';
import { assembleSamples, type Signal } from './advantage.ts';
import { type PoolCompletion, type PoolTrajectory, poolLedger } from './pool-ledger.ts';

const SIGNALS: readonly Signal[] = [
  ...[false, true].map((divided) => ({ by: 'group' as const, divided })),
  ...[{ by: 'round' as const }, { by: 'filter' as const, minReward: 1 }],
];
const ledger = (
  requested: readonly RolloutId[],
  trajectories: readonly PoolTrajectory[],
  completions: readonly PoolCompletion[],
  signal = SIGNALS[0]!,
) => poolLedger(requested, trajectories, completions, signal);

const id = (n: number): RolloutId => `demo/r1/train.v0/g0/s${n}` as RolloutId;
const completion = (n: number, more: Partial<PoolCompletion> = {}): PoolCompletion => ({
  id: `${id(n)}/c0` as CompletionId,
  rollout: id(n),
  index: 0,
  fidelity: 'token-exact' as const,
  finish: 'stop' as const,
  tokens: 9,
  ...more,
});
/** Each rollout earns something else, so that every one carries signal. */
const graded = (n: number, of: PoolTrajectory['outcome'] = 'success', reward: number | undefined = 2 ** n) => ({
  rollout: id(n),
  outcome: of,
  completions: [completion(n).id],
  reward,
});

test('every state has its reason', () => {
  const { lines, counts, duplicates, strangers } = ledger(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(id),
    [
      graded(0),
      graded(1, 'policy_failure'),
      graded(2),
      graded(3),
      graded(4),
      { ...graded(5), completions: [] },
      graded(6, 'infrastructure_failure'),
      graded(7, 'cancelled'),
      { ...graded(9), reward: undefined },
      graded(10),
    ],
    [
      completion(0),
      completion(1),
      completion(2, { fidelity: 'text-only' }),
      completion(4, { finish: 'error' }),
      completion(8),
      completion(9),
      completion(10, { tokens: 0 }),
    ],
  );
  expect(lines.map(({ state, reason }) => `${state}: ${reason}`)).toEqual([
    'trainable: success',
    'trainable: policy_failure',
    'masked: text_only',
    'masked: completion_missing',
    'masked: completion_failed',
    'masked: no_completion',
    'masked: infrastructure_failure',
    'cancelled: cancelled',
    'ungraded: no_trajectory',
    'masked: no_reward',
    'masked: no_completion',
  ]);
  expect(counts).toEqual({ trainable: 2, masked: 7, cancelled: 1, ungraded: 1, absent: 0 });
  expect([duplicates, strangers]).toEqual([[], []]);
});

test("what earned its group's mean carries no signal; only what could train counts towards that mean", () => {
  const at = (group: number, sample: number) => `demo/r1/train.v0/g${group}/s${sample}` as RolloutId;
  const rewards: [RolloutId, number, PoolTrajectory['outcome']][] = [
    [at(0, 0), 0.2, 'success'],
    [at(0, 1), 0.2, 'policy_failure'],
    [at(0, 2), 0, 'infrastructure_failure'],
    [at(1, 0), 0.1, 'success'],
    [at(1, 1), 0.2, 'success'],
    [at(1, 2), 0.3, 'success'],
    [at(2, 0), 1.2, 'success'],
  ];
  const completionOf = (rollout: RolloutId) => ({ ...completion(0), id: `${rollout}/c0` as CompletionId, rollout });
  const { lines } = ledger(
    rewards.map(([rollout]) => rollout),
    rewards.map(([rollout, reward, of]) => {
      return { rollout, outcome: of, reward, completions: [completionOf(rollout).id] };
    }),
    rewards.map(([rollout]) => completionOf(rollout)),
  );
  expect(lines.map((line) => line.reason)).toEqual([
    'zero_advantage',
    'zero_advantage',
    'infrastructure_failure',
    'success',
    'zero_advantage', // 0.1 + 0.2 + 0.3 is not exactly 3 × 0.2
    'success',
    'zero_advantage',
  ]);
});

test('it masks what batch assembly masks, over any rewards', () => {
  const samples = fc.array(
    fc.record({
      group: fc.integer({ min: 0, max: 2 }),
      outcome: fc.constantFrom(...outcome.options),
      reward: fc.constantFrom(0, 0.1, 0.2, 0.3, 0.45, 1.2),
      fidelity: fc.constantFrom('token-exact' as const, 'text-only' as const),
      otherWeights: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(samples, fc.constantFrom(...SIGNALS), (drawn, signal) => {
      const some = drawn.map((one, n) => {
        const rollout = `demo/r1/train.v0/g${one.group}/s${n}` as RolloutId;
        return { ...one, rollout, completions: [`${rollout}/c0` as CompletionId] };
      });
      const planned = some.map((one) => one.rollout);
      const batch = assembleSamples({
        planned,
        graded: some.map((one) => ({ ...one, completionTokens: 9 })),
        signal,
      });
      const pool = ledger(
        planned,
        some,
        some.map((one) => ({ ...completion(0), ...one, id: one.completions[0]! })),
        signal,
      );
      const said = (state: string, reason: string) => (state === 'train' ? 'trainable' : `${state} ${reason}`);
      expect(
        pool.lines.map((line) => (line.state === 'trainable' ? 'trainable' : `${line.state} ${line.reason}`)),
      ).toEqual(batch.samples.map((one) => said(one.state, one.state === 'masked' ? one.reason : one.state)));
    }),
  );
});

test('a trajectory cannot train on the completion of another rollout', () => {
  const stolen = { ...graded(0), completions: [completion(1).id] };
  expect(ledger([id(0)], [stolen], [completion(1)]).lines[0]).toMatchObject({
    state: 'masked',
    reason: 'completion_missing',
  });
});

test('duplicates and strangers are named', () => {
  const retried = completion(0, { id: `${id(0)}/c0.a1` as CompletionId });
  const { duplicates, strangers } = ledger(
    [id(0), id(1), id(1)],
    [graded(0), graded(0), graded(5)],
    [completion(0), retried, completion(6)],
  );
  expect(duplicates).toEqual([id(1), id(0), `${id(0)}/c0`]);
  expect(strangers).toEqual([id(5), id(6)]);
  // A failed first attempt is no duplicate.
  expect(ledger([id(0)], [], [completion(0, { finish: 'aborted' }), retried]).duplicates).toEqual([]);
});

test('whatever is recorded, each requested id has exactly one state and the counts add up', () => {
  const anyId = fc.integer({ min: 0, max: 6 });
  const trajectories = fc.array(
    fc.record({ n: anyId, outcome: fc.constantFrom(...outcome.options), of: fc.array(anyId, { maxLength: 2 }) }),
  );
  const completions = fc.array(
    fc.record({
      n: anyId,
      fidelity: fc.constantFrom('token-exact' as const, 'text-only' as const),
      finish: fc.constantFrom('stop' as const, 'length' as const, 'error' as const, 'aborted' as const),
    }),
  );
  fc.assert(
    fc.property(fc.array(anyId), trajectories, completions, (requested, some, others) => {
      const recorded = some.map(({ n, of, ...rest }) => ({
        rollout: id(n),
        completions: of.map((m) => completion(m).id),
        reward: n,
        ...rest,
      }));
      const made = ledger(
        requested.map(id),
        recorded,
        others.map(({ n, ...rest }) => completion(n, rest)),
      );
      const wanted = new Set(requested.map(id));
      expect(made.lines.map((line) => line.rollout)).toEqual([...wanted]);
      expect(Object.values(made.counts).reduce((sum, n) => sum + n)).toBe(wanted.size);
      expect(made.strangers.some((stranger) => wanted.has(stranger))).toBe(false);
      for (const { rollout, state } of made.lines) {
        const outcomes = recorded.filter((one) => one.rollout === rollout).map((one) => one.outcome);
        if (state === 'trainable') expect(outcomes.some((one) => TRAINABLE.has(one))).toBe(true);
        if (state === 'absent' || state === 'ungraded') expect(outcomes).toEqual([]);
      }
    }),
  );
});

test('what a vanished volume took is told so; what is there is not touched', () => {
  const lost = new Set([0, 1, 2, 3].map(id));
  const { lines, counts } = poolLedger(
    [0, 1, 2, 3, 4].map(id),
    [graded(2), graded(3)],
    [completion(1), completion(3)],
    SIGNALS[0]!,
    lost,
  );
  expect(lines.map(({ state, reason }) => `${state} ${reason}`)).toEqual([
    'absent records_lost',
    'ungraded records_lost',
    'masked records_lost',
    expect.not.stringContaining('lost'),
    'absent no_record',
  ]);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(5);
});
