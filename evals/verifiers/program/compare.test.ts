import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Comparison } from './check.ts';
import { sameText } from './compare.ts';

const FLOATS: Comparison = { how: 'floats', absolute: 0, relative: 1e-6 };

test.each([
  ['exact', { how: 'exact' }, 'a b\n', 'a b', true],
  ['exact, a blank more', { how: 'exact' }, 'a b\n', 'a b \n', false],
  ['exact, two newlines', { how: 'exact' }, 'a\n', 'a\n\n', false],
  ['tokens', { how: 'tokens' }, 'a b\nc', ' a  b c\n', true],
  ['tokens, one more', { how: 'tokens' }, 'a b', 'a b b', false],
  ['tokens, joined', { how: 'tokens' }, 'a b', 'ab', false],
  ['nothing for something', { how: 'tokens' }, '0', '', false],
  ['floats', FLOATS, '1.0 x', '1.0000001 x', true],
  ['floats beyond', FLOATS, '1.0', '1.001', false],
  ['an int for a float', FLOATS, '3.0', '3', true],
  ['nan for a number', FLOATS, '3.0', 'nan', false],
  ['infinity for a number', FLOATS, '3.0', '1e999', false],
  ['hexadecimal for a number', FLOATS, '16', '0x10', false],
  ['a word', FLOATS, 'yes', 'no', false],
  ['lines in any order', { how: 'sorted-lines' }, 'b\na\n', 'a \n\nb', true],
  ['lines, one twice', { how: 'sorted-lines' }, 'b\na\n', 'a\nb\nb', false],
] as [string, Comparison, string, string, boolean][])('%s', (_name, how, expected, seen, same) => {
  expect(sameText(expected, seen, how)).toBe(same);
});

test('every policy takes a text for itself, and an added token for something else', () => {
  const policies: Comparison[] = [{ how: 'exact' }, { how: 'tokens' }, FLOATS, { how: 'sorted-lines' }];
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...policies), (text, policy) => {
      expect(sameText(text, text, policy)).toBe(true);
      expect(sameText(text, `${text}\nflipped`, policy)).toBe(false);
    }),
  );
});
