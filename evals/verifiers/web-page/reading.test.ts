// What is told of a line before its pixels: how it stands, and how it was squeezed.
import { expect, test } from 'vitest';
import type { BrowserPage, Drawing, Glimpse, PageLook, SeenText } from '../../../contracts/browser.ts';
import { illegible, misplaced } from './reading.ts';

const lineOf = (change: Partial<SeenText> & { axes?: SeenText['stands']['axes'] } = {}): SeenText => {
  const { axes = { x: [1, 0], y: [0, 1] }, ...rest } = change;
  const box = rest.box ?? { x: 0, y: 0, width: 1, height: 12 };
  return { node: 0, text: '42', box, fontSize: 12, bold: false, stands: { bounds: box, axes, made: '' }, ...rest };
};

test.each<[string, SeenText, RegExp | undefined]>([
  ['plain', lineOf(), undefined],
  ['set in italics', lineOf({ axes: { x: [1, 0], y: [-0.3, 1] } }), undefined],
  ['on its side', lineOf({ axes: { x: [0, 1], y: [-1, 0] } }), undefined],
  ['slanted to the ground', lineOf({ axes: { x: [1, 0], y: [-4, 1] } }), /leans too far/],
  ['garbled', lineOf({ garbled: 'mirrored' }), /mirrored/],
  ['low', lineOf({ box: { x: 0, y: 0, width: 9, height: 6.5 } }), /6.5 pixels high/],
])('a line that is %s', (_, line, why) => {
  if (why === undefined) expect(misplaced([line])).toBeUndefined();
  else expect(misplaced([lineOf(), line])).toMatch(why);
});

/** One white pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC',
  'base64',
);
const glimpse: Glimpse = { png: PNG, x: 0, y: 0 };
const pictures = { whole: glimpse, black: glimpse, white: glimpse, without: glimpse, unlettered: glimpse };

const told = (change: Partial<Drawing> | null) => {
  const size = { width: 1, height: 1 };
  const blank: Drawing = { x: 0, y: 0, ...size, ink: Uint8Array.of(0), wide: 16, high: 16, apart: 1 };
  const page = { drawn: async () => [change === null ? null : { ...blank, ...change }] } as unknown as BrowserPage;
  const look: PageLook = { url: '', title: '', viewport: size, page: size, nodes: [{ id: 1 } as never], texts: [] };
  const line = lineOf();
  return illegible(page, { look, lines: [line], glimpse }, pictures, [line]);
};

test.each<[string, Partial<Drawing> | null, RegExp | undefined]>([
  ['as its font has it', {}, undefined],
  ['half as large again', { wide: 24, high: 24 }, undefined],
  ['set a little closer', { apart: 0.9 }, undefined],
  ['narrower than any font', { wide: 7, high: 16 }, /out of shape/],
  ['pressed flat', { wide: 40, high: 16 }, /out of shape/],
  ['tiny', { wide: 5, high: 5 }, /letters of 5.0 pixels/],
  ['set into one another', { apart: 0.6 }, /over one another/],
  ['of a kind that cannot be drawn', null, /drawn anew/],
])('letters that are %s', async (_, change, why) => {
  if (why === undefined) expect(await told(change)).toBeUndefined();
  else expect(await told(change)).toMatch(why);
});
