// Reading lines of a page: how they stand, by the engine's account, and then letter by letter, by pixels.
import type { BrowserPage, Lettered, PageLost, SeenText } from '../../../contracts/browser.ts';
import { type LetteredPixels, partsOf, unreadable } from '../rendered/letters.ts';
import { pixelsOf } from '../rendered/png.ts';
import type { Sight } from './rest.ts';

/** CSS pixels that a line is high, and that its font is. */
const LEAST_HEIGHT = 7;
const LEAST_FONT = 6;
/** Of letters, how wide they are for their height. */
const ASPECT = { least: 0.6, most: 1.7 };
/** How far letters stand apart, as a share of what their font asks for. */
const LEAST_APART = 0.75;
/** Of what a slant leaves of an upright letter's area. */
const LEAST_UPRIGHT = 0.7;

const quoted = ({ text }: SeenText): string => `“${text.trim().slice(0, 60)}”`;

/** What can be told without a picture. */
export function misplaced(lines: readonly SeenText[]): string | undefined {
  const garbled = lines.find((line) => line.garbled !== undefined);
  if (garbled !== undefined) return `${quoted(garbled)} is ${garbled.garbled}`;
  const small = lines.find(({ box }) => box.height < LEAST_HEIGHT);
  if (small !== undefined) return `${quoted(small)} is ${small.box.height.toFixed(1)} pixels high`;
  const slanted = lines.find(({ stands: { axes } }) => {
    const area = axes.x[0] * axes.y[1] - axes.x[1] * axes.y[0];
    return area < LEAST_UPRIGHT * Math.hypot(...axes.x) * Math.hypot(...axes.y);
  });
  return slanted === undefined ? undefined : `${quoted(slanted)} leans too far`;
}

/** @param lines those that lie in the window */
export async function illegible(
  page: BrowserPage,
  { look }: Sight,
  pictures: Lettered,
  lines: readonly SeenText[],
): Promise<string | undefined | PageLost> {
  const drawings = await page.drawn(lines.map((line) => ({ node: look.nodes[line.node]!.id, line })));
  if ('lost' in drawings) return drawings;
  const pixels: LetteredPixels = {
    whole: pixelsOf(pictures.whole.png),
    black: pixelsOf(pictures.black.png),
    white: pixelsOf(pictures.white.png),
    without: pixelsOf(pictures.without.png),
    unlettered: pixelsOf(pictures.unlettered.png),
  };
  for (const [at, line] of lines.entries()) {
    const drawing = drawings[at];
    if (drawing === null || drawing === undefined) return `${quoted(line)} cannot be drawn anew`;
    const { wide, high, apart } = drawing;
    if (Math.min(wide, high) < LEAST_FONT)
      return `${quoted(line)} has letters of ${Math.min(wide, high).toFixed(1)} pixels`;
    if (wide / high < ASPECT.least || wide / high > ASPECT.most) return `${quoted(line)} is squeezed out of shape`;
    if (apart < LEAST_APART) return `${quoted(line)} is set over one another`;
    const { axes } = line.stands;
    const upright = Math.abs(axes.x[1]) < 0.001 && Math.abs(axes.y[0]) < 0.001;
    const parts = partsOf(pixels, drawing.x - pictures.whole.x, drawing.y - pictures.whole.y, drawing);
    const why = unreadable(parts, drawing, upright);
    if (why !== undefined) return `${quoted(line)} ${why}`;
  }
  return undefined;
}
