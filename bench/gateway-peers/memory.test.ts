import { expect, test } from 'vitest';
import { summarise } from './memory.ts';

const looks = (mib: (n: number) => number) =>
  Array.from({ length: 50 }, (_, n) => ({ requests: (n + 1) * 2_000, mib: mib(n) }));

test('memory that grows by 1 MiB with each 2,000 requests grows by 5 with 10,000', () => {
  const { slope, slopeAfterHalf, first, last, total } = summarise(looks((n) => 100 + n));
  expect([slope, slopeAfterHalf].map((one) => one.toFixed(6))).toEqual(['5.000000', '5.000000']);
  expect({ first, last, total }).toEqual({ first: 102, last: 147, total: 100_000 });
});

test('a heap that fills at first and stays is flat in the second half', () => {
  const { slope, slopeAfterHalf, peak } = summarise(looks((n) => 100 + Math.min(n, 20)));
  expect(slope).toBeGreaterThan(1);
  expect(slopeAfterHalf).toBe(0);
  expect(peak).toBe(120);
});
