import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clopperPearson } from './clopper-pearson.ts';

test('published values, and the closed forms at the ends', () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 5.
  expect(clopperPearson(81, 263, 0.025).low).toBeCloseTo(0.2527, 4);
  expect(clopperPearson(81, 263, 0.025).high).toBeCloseTo(0.3676, 4);
  expect(clopperPearson(15, 148, 0.025).low).toBeCloseTo(0.0578, 4);
  expect(clopperPearson(0, 200, 0.05)).toEqual({ low: 0, high: expect.closeTo(1 - 0.05 ** (1 / 200), 9) });
  expect(clopperPearson(10, 10, 0.05)).toEqual({ low: expect.closeTo(0.05 ** 0.1, 9), high: 1 });
  expect(clopperPearson(0, 0, 0.05)).toEqual({ low: 0, high: 1 });
});

test('holds the share, and moves up with every success', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(400), (trials, pick) => {
      const successes = pick % (trials + 1);
      const { low, high } = clopperPearson(successes, trials, 0.05);
      expect(low <= successes / trials && successes / trials <= high).toBe(true);
      if (successes < trials) expect(clopperPearson(successes + 1, trials, 0.05).high).toBeGreaterThan(high - 1e-9);
    }),
  );
});
