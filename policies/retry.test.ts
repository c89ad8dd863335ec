import { expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../contracts/errors.ts';
import { ADVISED_RETRIES, actionFor, adviseAfterFailure, codeOfExit, FAILURE_ACTIONS, RETRY_OPTIONS } from './retry.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];

it('has an action for exactly the known codes', () => {
  expect(Object.keys(FAILURE_ACTIONS).sort()).toEqual([...codes].sort());
});

it('retries exactly what the error table and the pages call repeated', () => {
  for (const code of codes) expect(FAILURE_ACTIONS[code] === 'retry', code).toBe(ERRORS[code].retryable);
});

it('never retries a refusal, and ends with it', () => {
  for (const code of codes.filter((code) => ERRORS[code].exit === 'denied')) expect(actionFor(code)).toBe('fail');
});

it.each([
  [42, 'job.configuration', 'gate', 'abort'],
  [43, 'job.accelerator', 'gate', 'retry'],
  [44, 'job.no_space', 'gate', 'abort'],
  [1, 'job.failed', 'gate', 'abort'],
  [139, 'job.failed', 'gate', 'abort'],
  // Exit 0 without a result: the trainer is wrong.
  [0, 'job.failed', 'gate', 'abort'],
  // Stopped from outside: repeated; a human is asked only when that did not end.
  [85, 'job.interrupted', 'retry', 'retry'],
  [137, 'job.interrupted', 'retry', 'retry'],
  [143, 'job.interrupted', 'retry', 'retry'],
] as const)('a job that exits with %i is %s: %s, and a human is advised %s', (exitCode, code, action, advice) => {
  expect(codeOfExit(exitCode)).toBe(code);
  expect(actionFor(code)).toBe(action);
  expect(adviseAfterFailure(code, 0)).toBe(advice);
});

it('advises another try only for what may pass by itself, and only so often', () => {
  for (const code of codes.filter((code) => actionFor(code) === 'retry'))
    expect(adviseAfterFailure(code, 0), code).toBe('retry');
  for (const code of [
    'sandbox.unavailable',
    'store.no_space',
    'tasks.none_left',
    'decision.altered',
    'internal.bug',
    'X',
  ])
    expect(adviseAfterFailure(code, 0), code).toBe('abort');
  expect(adviseAfterFailure('stack.gateway_unavailable', ADVISED_RETRIES - 1)).toBe('retry');
  expect(adviseAfterFailure('stack.gateway_unavailable', ADVISED_RETRIES)).toBe('abort');
});

it('fails on codes from elsewhere', () => {
  for (const code of ['', 'nonsense', 'toString', '__proto__', 'constructor']) expect(actionFor(code)).toBe('fail');
});

it('gives Temporal options that end', () => {
  for (const [name, options] of Object.entries(RETRY_OPTIONS)) {
    expect(options.maximumAttempts, name).toBeGreaterThan(0);
    expect(options.maximumInterval).toBeGreaterThanOrEqual(options.initialInterval);
  }
});

it('waits as long as its comments say', () => {
  const waits = (options: (typeof RETRY_OPTIONS)[keyof typeof RETRY_OPTIONS]): number => {
    let total = 0;
    for (let attempt = 1; attempt < options.maximumAttempts; attempt += 1)
      total += Math.min(options.maximumInterval, options.initialInterval * options.backoffCoefficient ** (attempt - 1));
    return Math.round(total / 1_000);
  };
  expect(
    Object.fromEntries(Object.entries(RETRY_OPTIONS).map(([name, options]) => [name, waits(options)])),
  ).toMatchInlineSnapshot(`
    {
      "job": 5702,
      "patient": 302,
      "quick": 43,
      "rollout": 106,
    }
  `);
});
