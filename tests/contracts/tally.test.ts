import { expect, it } from 'vitest';
import { closingLines } from '../support/tally.ts';

it('ends in "N passed, N failed", whatever was skipped', () => {
  expect(closingLines({ passed: 9, failed: 0, skipped: 0 })).toEqual(['9 passed, 0 failed']);
  expect(closingLines({ passed: 9, failed: 1, skipped: 2 })).toEqual(['2 skipped', '9 passed, 1 failed']);
});
