import { expect, test } from 'vitest';
import { requireBudget } from './budget.ts';
import type { CompletionEntry } from './pool/completions.ts';

const at = { segment: 1, offset: 0, length: 0 };
const entry = (more: Partial<CompletionEntry> = {}): CompletionEntry => ({
  index: 0,
  attempt: 0,
  usable: true,
  aborted: false,
  tokens: 10,
  at,
  ...more,
});
const failed = entry({ usable: false, tokens: 0 });
const aborted = entry({ usable: false, aborted: true, tokens: 0 });

test('requests count when answered or in flight; failures do not', () => {
  const ask = (entries: CompletionEntry[], flights: number) =>
    requireBudget({ maxRequests: 2 }, entries, Array(flights).fill({ maxTokens: 1 }), 1);
  expect(() => ask([failed, failed, failed, entry()], 0)).not.toThrow();
  expect(() => ask([entry()], 1)).toThrow('all 2 requests');
  expect(() => ask([entry(), entry()], 0)).toThrow('all 2 requests');
});

test('aborts are free, but not without end', () => {
  const ask = (aborts: number) => requireBudget({ maxRequests: 2 }, Array(aborts).fill(aborted), [], 1);
  expect(() => ask(31)).not.toThrow();
  expect(() => ask(32)).toThrow('all 2 requests');
});

test('tokens in flight count with all that they may become', () => {
  const ask = (tokens: number) => requireBudget({ maxTokens: 100 }, [entry(), failed], [{ maxTokens: 40 }], tokens);
  expect(() => ask(50)).not.toThrow();
  expect(() => ask(51)).toThrow('50 of 100 tokens are left, 51 were asked for');
});

test('without limits there are none', () => {
  expect(() => requireBudget({}, Array(1000).fill(entry()), [], 1e6)).not.toThrow();
});
