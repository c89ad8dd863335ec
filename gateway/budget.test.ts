import { expect, test } from 'vitest';
import { requireBudget } from './budget.ts';
import type { Tally } from './pool/completions.ts';

const used = (more: Partial<Tally> = {}): Tally => ({
  ...{ next: 0, answered: 0, aborts: 0, tokens: 0, startedAt: undefined, failed: new Map() },
  ...more,
});

test('requests count when answered or in flight; failures do not', () => {
  const ask = (answered: number, flights: number) =>
    requireBudget(
      { maxRequests: 2 },
      used({ answered, failed: new Map([[0, 3]]) }),
      Array(flights).fill({ maxTokens: 1 }),
      1,
    );
  expect(() => ask(1, 0)).not.toThrow();
  expect(() => ask(1, 1)).toThrow('all 2 requests');
  expect(() => ask(2, 0)).toThrow('all 2 requests');
});

test('aborts are free, but not without end', () => {
  const ask = (aborts: number) => requireBudget({ maxRequests: 2 }, used({ aborts }), [], 1);
  expect(() => ask(31)).not.toThrow();
  expect(() => ask(32)).toThrow('all 2 requests');
});

test('tokens in flight count with all that they may become', () => {
  const ask = (tokens?: number) =>
    requireBudget({ maxTokens: 100 }, used({ answered: 1, tokens: 10 }), [{ maxTokens: 40 }], tokens);
  expect(ask(50)).toBe(50);
  expect(ask()).toBe(50);
  expect(() => ask(51)).toThrow('50 of 100 tokens are left, 51 were asked for');
});

test('time runs from the first request on, answered or in flight', () => {
  const ask = (now: number, startedAt?: number, flying?: number) =>
    requireBudget(
      { maxSeconds: 10 },
      used({ startedAt }),
      flying === undefined ? [] : [{ maxTokens: 0, startedAt: flying }],
      1,
      now,
    );
  expect(() => ask(1e12)).not.toThrow();
  expect(() => ask(15_000, 5_001)).not.toThrow();
  expect(() => ask(15_000, 5_000)).toThrow('the 10 s of the rollout are over');
  expect(() => ask(15_000, undefined, 5_000)).toThrow('the 10 s');
});

test('what was refused takes nothing', () => {
  const refused = [{ maxTokens: 99, refused: true }];
  expect(requireBudget({ maxRequests: 1, maxTokens: 100 }, used(), refused, 100)).toBe(100);
});

test('without limits there are none', () => {
  expect(() => requireBudget({}, used({ answered: 1000, tokens: 1e9 }), [], 1e6)).not.toThrow();
});
