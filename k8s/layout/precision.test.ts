import { expect, test } from 'vitest';
import { BYTES, quantity } from './precision.ts';

test.each([
  ['64Gi', 64 * 2 ** 30],
  ['500m', 0.5],
  ['1.5T', 1.5e12],
  ['8', 8],
])('%s is %d', (text, value) => expect(quantity(text)).toBe(value));

test('what is no quantity is refused', () => {
  for (const text of ['64GB', 'Gi', '-1Gi', '']) expect(() => quantity(text)).toThrow(RangeError);
});

test('a GGUF block of 32 numbers takes 34 and 20 bytes', () => {
  expect([32 * BYTES.q8_0, 32 * BYTES.q4_1]).toEqual([34, 20]);
});
