import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CompletionId, RolloutId } from '../../contracts/ids.ts';
import { type CompletionRecord, outcome, TRAINABLE } from '../../contracts/trajectory.ts';
import { ledger } from './ledger.ts';

const id = (n: number): RolloutId => `demo/r1/train.v0/g0/s${n}` as RolloutId;
const completion = (n: number, more: Partial<CompletionRecord> = {}) => ({
  id: `${id(n)}/c0` as CompletionId,
  rollout: id(n),
  index: 0,
  fidelity: 'token-exact' as const,
  finish: 'stop' as const,
  ...more,
});
const graded = (n: number, of: 'success' | 'policy_failure' | 'infrastructure_failure' | 'cancelled' = 'success') => ({
  rollout: id(n),
  outcome: of,
  completions: [completion(n).id],
});

test('every state has its reason', () => {
  const { lines, counts, duplicates, strangers } = ledger(
    [0, 1, 2, 3, 4, 5, 6, 7, 8].map(id),
    [
      graded(0),
      graded(1, 'policy_failure'),
      graded(2),
      graded(3),
      graded(4),
      { ...graded(5), completions: [] },
      graded(6, 'infrastructure_failure'),
      graded(7, 'cancelled'),
    ],
    [
      completion(0),
      completion(1),
      completion(2, { fidelity: 'text-only' }),
      completion(4, { finish: 'error' }),
      completion(8),
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
  ]);
  expect(counts).toEqual({ trainable: 2, masked: 5, cancelled: 1, ungraded: 1, absent: 0 });
  expect([duplicates, strangers]).toEqual([[], []]);
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
