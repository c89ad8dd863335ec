import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { episodeHarness, harnessSpec } from '../contracts/harness.ts';
import { MOST_OPERATIONS, type SessionRules } from '../contracts/session.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import { madeCompletion } from '../tests/support/made-up-pool.ts';
import { boundsOf, grantedBeside } from './episode-grant.ts';

const plan = (
  kind: 'tool-loop' | 'process',
  session: SessionRules | undefined,
  purpose: 'train' | 'gate' = 'train',
) => {
  const harness = harnessSpec.parse({
    ...{ kind, prompt: '{instruction}', session },
    ...(kind === 'process' ? { process: { command: ['agent'] } } : {}),
  });
  return boundsOf({ harness, purpose }, episodeHarness(harness)!);
};

describe('what a campaign says', () => {
  test('nothing: only loops of our own agents are more than told', () => {
    expect(plan('tool-loop', undefined)).toEqual({ maxTokens: 16_384, maxRequests: 200, loops: 'warn' });
    expect(plan('process', undefined)).toEqual({ maxTokens: 16_384, maxRequests: 50 });
  });

  test('is what the credential says; versions are mixed in training alone', () => {
    const session = { loops: 'stop', maxSeconds: 30, versions: 'latest' } as const;
    for (const kind of ['tool-loop', 'process'] as const) {
      expect(plan(kind, session)).toMatchObject({ loops: 'stop', seconds: 30, versions: 'latest' });
      expect(plan(kind, session, 'gate')).toMatchObject({ loops: 'stop', seconds: 30 });
      expect(plan(kind, session, 'gate').versions).toBeUndefined();
    }
  });
});

describe('beside attempts that came before', () => {
  const T0 = Date.UTC(2026, 0, 1);
  const record = (index: number, attempt: number | undefined, seconds: number, finish: CompletionRecord['finish']) => {
    const made = madeCompletion({ group: 0, sample: 0, index });
    const turn = { session: { group: 0, attempt } } as unknown as NonNullable<CompletionRecord['turn']>;
    return {
      ...{ ...made, finish, startedAt: new Date(T0 + seconds * 1_000).toISOString() },
      ...(attempt === undefined ? {} : { turn }),
    };
  };
  const attempts = fc.array(
    fc.tuple(
      fc.option(fc.nat({ max: 20 }), { nil: undefined }),
      fc.nat({ max: 500 }),
      fc.constantFrom('stop', 'length', 'error', 'aborted'),
    ),
    { maxLength: 12 },
  );

  test('each has its own bounds, whole, and a number that none before it had', () => {
    fc.assert(
      fc.property(attempts, fc.nat({ max: 999 }), fc.nat({ max: 5_000 }), (tried, now, operations) => {
        const records = tried.map(([attempt, seconds, finish], index) => record(index, attempt, seconds, finish));
        const own = { maxRequests: 5, maxTokens: 100, seconds: 30 };
        const granted = grantedBeside({ records, operations }, own, T0 + now * 1_000);
        const usable = records.filter(({ finish }) => finish === 'stop' || finish === 'length');
        expect(granted.maxRequests - usable.length).toBe(5);
        expect(granted.maxTokens - 5 * usable.length).toBe(100);
        for (const [attempt = 0] of tried) expect(granted.attempt).toBeGreaterThan(attempt);
        if (tried.length === 0) expect(granted.attempt).toBe(0);
        // The gateway counts from the rollout's first request: what it leaves from now on is what this attempt has.
        const began = Math.min(now, ...tried.map(([, seconds]) => seconds));
        expect(began + granted.maxSeconds! - now).toBeCloseTo(30, 6);
        expect(granted.maxOperations).toBe(operations === 0 ? undefined : operations + MOST_OPERATIONS);
        expect(grantedBeside({ records, operations }, { maxRequests: 1, maxTokens: 1 }).maxSeconds).toBeUndefined();
      }),
    );
  });
});
