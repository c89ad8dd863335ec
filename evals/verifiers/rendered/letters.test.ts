// Pictures that are made here: a line of three "letters", and what may befall them.
import { expect, test } from 'vitest';
import type { Drawing } from '../../../contracts/browser.ts';
import { type LetteredPixels, unreadable } from './letters.ts';

const WIDE = 30;
const HIGH = 18;
type Paint = (x: number, y: number) => number;

/** Three bars, ten pixels apart. */
const BARS: Paint = (x, y) => (x % 10 >= 3 && x % 10 < 6 && y >= 4 && y < 14 ? 1 : 0);
const drawing: Drawing = {
  ...{ x: 0, y: 0, width: WIDE, height: HIGH, wide: 16, high: 16, apart: 1 },
  ink: Uint8Array.from({ length: WIDE * HIGH }, (_, at) => 255 * BARS(at % WIDE, Math.floor(at / WIDE))),
};
const picture = (grey: Paint) => ({
  width: WIDE,
  height: HIGH,
  rgb: Uint8Array.from({ length: 3 * WIDE * HIGH }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return Math.round(grey(pixel % WIDE, Math.floor(pixel / WIDE)));
  }),
});

/** @param ink how much of the letters can be seen; @param paper what is behind; @param others how much of other letters is among them */
function lettered(
  ink: Paint,
  { colour = 0, paper = () => 255, others = () => 0 }: { colour?: number; paper?: Paint; others?: Paint } = {},
): LetteredPixels {
  const bare: Paint = (x, y) => paper(x, y) * (1 - others(x, y));
  const in_ =
    (letter: number): Paint =>
    (x, y) =>
      ink(x, y) * letter + (1 - ink(x, y)) * bare(x, y);
  return {
    whole: picture(in_(colour)),
    black: picture(in_(0)),
    white: picture(in_(255)),
    without: picture(bare),
    unlettered: picture(paper),
  };
}
const covered =
  (where: (x: number, y: number) => boolean): Paint =>
  (x, y) =>
    where(x, y) ? 0 : BARS(x, y);

test.each([
  ['plain', lettered(BARS)],
  ['on dark paper', lettered(BARS, { colour: 230, paper: () => 20 })],
  ['translucent', lettered((x, y) => 0.6 * BARS(x, y))],
  ['over stripes', lettered(BARS, { paper: (x) => (x % 4 < 2 ? 255 : 236) })],
  ['a pixel aside', lettered((x, y) => BARS(x - 1, y))],
  ['underlined', lettered(BARS, { paper: (_, y) => (y === 15 ? 0 : 255) })],
])('%s: it is read', (_, pixels) => {
  expect(unreadable(pixels, drawing, true)).toBeUndefined();
});

test.each([
  ['not there', lettered(() => 0), /not painted/],
  ['one of three covered', lettered(covered((x) => x >= 10 && x < 20)), /otherwise/],
  ['its lower half covered', lettered(covered((_, y) => y > 8)), /otherwise/],
  ['turned on their side', lettered((x, y) => BARS(y, x)), /not painted|otherwise/],
  ['three times as thick', lettered((x, y) => (x % 10 < 9 && y >= 4 && y < 14 ? 1 : 0)), /otherwise/],
  ['all but faded', lettered((x, y) => 0.1 * BARS(x, y)), /not painted/],
  ['like its paper', lettered(BARS, { colour: 240 }), /contrast of 1/],
  ['among blots of its colour', lettered(BARS, { paper: (x, y) => ((x + y) % 2 === 0 ? 0 : 255) }), /around it/],
  ['over other letters', lettered(BARS, { others: (x, y) => (y % 5 === 0 && x % 10 > 6 ? 1 : 0) }), /other letters/],
])('%s: it is not', (_, pixels, why) => {
  expect(unreadable(pixels, drawing, true)).toMatch(why);
});

test('a line that leans is looked at both ways', () => {
  expect(unreadable(lettered(BARS), drawing, false)).toBeUndefined();
  expect(unreadable(lettered(covered((_, y) => y > 8)), drawing, false)).toMatch(/otherwise/);
});
