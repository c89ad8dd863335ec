import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../policies/random.ts';
import { exactResemblance, nearDuplicates, resemblance, signatureOf } from './minhash.ts';

const text = (seed: number, words = 200) => {
  const random = createRandom('text', seed);
  return Array.from({ length: words }, () => `w${random.below(5000)}`);
};
const edited = (words: string[], every: number) => words.map((word, at) => (at % every === 0 ? `${word}x` : word));

test('the estimate is near the resemblance itself', () => {
  for (const every of [7, 12, 25, 60]) {
    let error = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const [a, b] = [text(seed).join(' '), edited(text(seed), every).join(' ')];
      error += (resemblance(signatureOf(a), signatureOf(b)) - exactResemblance(a, b)) / 20;
    }
    // The mean of 20 estimates: standard error at most 1 point.
    expect(Math.abs(error)).toBeLessThan(0.035);
  }
});

test('equal words have equal signatures, whatever stands between them; the signature is the same everywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'ç', '7'), { maxLength: 30 }), (words) => {
      const [plain, noisy] = [words.join(' '), words.map((word) => word.toUpperCase()).join(' ,\n')];
      expect(signatureOf(noisy)).toEqual(signatureOf(plain));
      expect(exactResemblance(plain, noisy)).toBe(1);
    }),
  );
  expect([...signatureOf('one two three four five six').subarray(0, 2)]).toMatchInlineSnapshot(`
    [
      1535258229,
      2687263391,
    ]
  `);
});

test('finds the near-duplicates among many texts, and nothing else', () => {
  const texts = Array.from({ length: 200 }, (_, seed) => text(seed, 80).join(' '));
  texts[150] = edited(text(3, 80), 40).join(' ');
  texts[160] = texts[20]!;
  const found = nearDuplicates(texts, 0.7);
  expect(found.map(({ a, b }) => [a, b])).toEqual([
    [3, 150],
    [20, 160],
  ]);
  expect(found[1]!.resemblance).toBe(1);
  expect(nearDuplicates(['', 'a b'], 0.5)).toEqual([]);
  expect(nearDuplicates([], 0.5)).toEqual([]);
});

test('a text is a near-duplicate of itself, whatever signs were put into its words', () => {
  const plain = 'Return the angle between the hands of a clock at the given minute of the day, in whole degrees';
  for (const other of [
    plain.replaceAll(/(\w)(\w)/g, '$1\u200b$2'),
    plain.replaceAll('a', 'а'),
    plain.replaceAll(' ', '_'),
  ])
    expect(nearDuplicates([plain, other], 0.7)).toEqual([{ a: 0, b: 1, resemblance: 1 }]);
});
