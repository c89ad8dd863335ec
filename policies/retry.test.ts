import { expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../contracts/errors.ts';
import { actionFor, FAILURE_ACTIONS, NON_RETRYABLE, RETRY_OPTIONS } from './retry.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];

it('has an action for exactly the known codes', () => {
  expect(Object.keys(FAILURE_ACTIONS).sort()).toEqual([...codes].sort());
});

it('retries only what the error table calls retryable, and leaves out only what a human must look at', () => {
  for (const code of codes) {
    if (FAILURE_ACTIONS[code] === 'retry') expect(ERRORS[code].retryable, code).toBe(true);
  }
  const exceptions = codes.filter((code) => ERRORS[code].retryable && FAILURE_ACTIONS[code] !== 'retry');
  expect(exceptions).toEqual(['job.accelerator']);
});

it('never retries a refusal, and ends with it', () => {
  for (const code of codes.filter((code) => ERRORS[code].exit === 'denied')) expect(actionFor(code)).toBe('fail');
});

it('puts every failure of a job before a human', () => {
  for (const code of codes.filter((code) => code.startsWith('job.') && code !== 'job.conflict'))
    expect(actionFor(code), code).toBe('gate');
});

it('fails on codes from elsewhere', () => {
  for (const code of ['', 'nonsense', 'toString', '__proto__', 'constructor']) expect(actionFor(code)).toBe('fail');
});

it('gives Temporal options that end, and that name every code not to be retried', () => {
  for (const [name, options] of Object.entries(RETRY_OPTIONS)) {
    expect(options.nonRetryableErrorTypes, name).toEqual(NON_RETRYABLE);
    expect(options.maximumAttempts, name).toBeGreaterThan(0);
    expect(options.maximumInterval).toBeGreaterThanOrEqual(options.initialInterval);
  }
  expect(NON_RETRYABLE).toContain('decision.altered');
  expect(NON_RETRYABLE).not.toContain('store.unavailable');
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
      "once": 0,
      "patient": 302,
      "quick": 43,
      "rollout": 106,
    }
  `);
});
