import { expect, it } from 'vitest';
import { closingLines, neverRan, together } from '../support/tally.ts';

it('ends in "N passed, N failed", whatever was skipped', () => {
  expect(closingLines({ passed: 9, failed: 0, skipped: 0 })).toEqual(['9 passed, 0 failed']);
  expect(closingLines({ passed: 9, failed: 1, skipped: 2 })).toEqual(['2 skipped', '9 passed, 1 failed']);
});

it('knows which files no part has run', () => {
  const none = { passed: 0, failed: 0, skipped: 0 };
  const before = { ...none, ran: ['a'], idle: ['needs-cluster', 'needs-browser', 'deep'] };
  const after = { ...none, ran: ['needs-cluster'], idle: [] };
  expect(neverRan(together(before, after), ['deep'])).toEqual(['needs-browser']);
});
