import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restartDelay } from './restart.ts';

test('a single crash is answered at once, the fifth within a minute not any more', () => {
  const crashes = [0, 1_000, 2_000, 3_000, 4_000];
  expect(crashes.map((now, index) => restartDelay(crashes.slice(0, index + 1), now))).toEqual([
    100,
    500,
    1_000,
    2_000,
    undefined,
  ]);
});

test('old crashes are forgiven', () => {
  expect(restartDelay([0, 1, 2, 3, 60_004], 60_004)).toBe(100);
});

test('gives up exactly when five of the last minute are on record', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300_000), { minLength: 1, maxLength: 30 }), (times) => {
      const crashes = times.toSorted((a, b) => a - b);
      const now = crashes.at(-1) as number;
      const recent = crashes.filter((time) => now - time < 60_000).length;
      expect(restartDelay(crashes, now) === undefined).toBe(recent >= 5);
    }),
  );
});
