// What a part of a picture shows: whether anything, and how well its letters stand out. By pixels alone, so that no style sheet can
// claim a colour, or a text, that is not there.
import type { Pixels } from './png.ts';

/** Every colour by how many pixels have it, the commonest first; 24-bit numbers. */
function counted(pixels: Pixels): [colour: number, count: number][] {
  const counts = new Map<number, number>();
  for (let at = 0; at + 2 < pixels.rgb.length; at += 3) {
    const colour = colourAt(pixels, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].sort(([one, many], [other, more]) => more - many || one - other);
}

/** Relative luminance by WCAG 2.2. */
function luminance(colour: number): number {
  const linear = [16, 8, 0].map((shift) => {
    const value = ((colour >> shift) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

/** WCAG 2.2: 1 for the same colour, 21 for black on white. */
export function contrastOf(one: number, other: number): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Of a letter's pixels, those that its smoothed edges leave in its own colour. */
const CORE = 0.02;

/**
 * Of the letters in a line against what is behind them: the line as it is, and the same without its letters. 1 where there is no
 * difference, whatever else is painted there. The smoothing of edges takes a little off a thin font.
 */
export function letterContrast(lettered: Pixels, bare: Pixels): number {
  const contrasts: number[] = [];
  for (let at = 0; at + 2 < lettered.rgb.length; at += 3) {
    const [one, other] = [colourAt(lettered, at), colourAt(bare, at)];
    if (one !== other) contrasts.push(contrastOf(one, other));
  }
  const needed = Math.max(1, Math.ceil(CORE * lettered.width * lettered.height));
  return contrasts.sort((one, other) => other - one)[needed - 1] ?? 1;
}

export const colourAt = ({ rgb }: Pixels, at: number): number =>
  (rgb[at]! << 16) | (rgb[at + 1]! << 8) | (rgb[at + 2] ?? 0);

/** Share of the pixels that do not have the commonest colour, 0…1. */
export function inkShare(pixels: Pixels): number {
  const [first] = counted(pixels);
  return first === undefined ? 0 : 1 - first[1] / (pixels.width * pixels.height);
}
