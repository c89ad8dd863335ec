import { expect, test } from 'vitest';
import { STYLES, type Style } from './snapshot.ts';
import { axesOf, isBackwards, turnedOf, UPRIGHT } from './turned.ts';

const styled = (change: Partial<Record<Style, string>>): Record<Style, string> => ({
  ...(Object.fromEntries(STYLES.map((name) => [name, ''])) as Record<Style, string>),
  ...change,
});

/** From the outermost to the element itself. */
const turned = (...nested: Partial<Record<Style, string>>[]): string | undefined => {
  const styles = nested.map(styled);
  return turnedOf(
    styles.reduce((axes, style) => axesOf(style, axes), UPRIGHT),
    styles.at(-1)!,
  );
};

test.each([
  ['nothing', [{}], undefined],
  ['moved and made smaller', [{ transform: 'matrix(0.5, 0, 0, 0.5, 30, 40)' }], undefined],
  ['leaning', [{ rotate: '-3deg' }], undefined],
  ['on its side', [{ transform: 'matrix(0, 1, -1, 0, 0, 0)' }], undefined],
  ['mirrored', [{ transform: 'matrix(-1, 0, 0, 1, 0, 0)' }], 'mirrored'],
  ['mirrored by its scale', [{ scale: '-1 1' }], 'mirrored'],
  ['mirrored by one around it', [{ scale: '1 -1' }, {}], 'mirrored'],
  ['mirrored twice', [{ scale: '-1 1' }, { transform: 'matrix(-1, 0, 0, 1, 0, 0)' }], undefined],
  ['turned over in depth', [{ rotate: 'y 180deg' }], 'mirrored'],
  [
    'turned over as a matrix',
    [{ transform: 'matrix3d(-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1)' }],
    'mirrored',
  ],
  ['turned over and back', [{ rotate: 'y 180deg' }, { rotate: 'y 180deg' }], undefined],
  ['upside down', [{ rotate: '180deg' }], 'upside down'],
  ['upside down in two halves', [{ rotate: '90deg' }, { transform: 'matrix(0, 1, -1, 0, 0, 0)' }], 'upside down'],
  ['flat', [{ scale: '0 1' }], 'mirrored'],
  ['along a path', [{ 'offset-path': 'path("M 0 0 L 9 9")' }], 'set along a path'],
] as const)('%s', (_, nested, expected) => {
  expect(turned(...nested)).toBe(expected);
});

test('letters are set backwards where both are said, and in no right-to-left page as such', () => {
  expect(isBackwards(styled({ direction: 'rtl', 'unicode-bidi': 'bidi-override' }))).toBe(true);
  expect(isBackwards(styled({ direction: 'rtl', 'unicode-bidi': 'isolate-override' }))).toBe(true);
  expect(isBackwards(styled({ direction: 'rtl', 'unicode-bidi': 'isolate' }))).toBe(false);
  expect(isBackwards(styled({ direction: 'ltr', 'unicode-bidi': 'bidi-override' }))).toBe(false);
});
