// Whether the letters of a line are what is painted where they stand. By pixels: of the same place in other colours of those letters, so
// that whatever lies above them, hides, cuts or blurs them need not be named, and beside the same letters drawn anew. Pure.
import type { Drawing } from '../../../contracts/browser.ts';
import { colourAt, contrastOf } from './colours.ts';
import { cropped, type Pixels } from './png.ts';

/** The same part of the window, see `Lettered`. */
export type LetteredPixels = Readonly<Record<'whole' | 'black' | 'white' | 'without' | 'unlettered', Pixels>>;

/** Of a letter's paint, what is left where it is faint. */
const LEAST_STRENGTH = 0.2;
/** Cosine of what is painted and what should be, for each strip of a line. */
const LEAST_LIKENESS = 0.88;
/** Of the ink that should be there; an outline adds some. */
const INK_SHARE = { least: 0.75, most: 1.8 };
/** Of a line, by its font's size: about a letter. */
const STRIP = 0.6;
/** Of letters that are there to be read; a task that wants more says so in its layout. */
const LEAST_CONTRAST = 2;
/** Of what is between the letters of a strip, what may look like them. */
const MOST_ALIKE = 0.3;
/** Of a strip, other letters. */
const MOST_OTHERS = 0.08;
const OTHERS_CONTRAST = 1.3;
/** Pixels by which the engine may round otherwise here than there. */
const SHIFT = 1;
const CORE = 0.75;
const NONE = 0.04;

/** @returns why it cannot be read, in words */
export function unreadable(of: LetteredPixels, drawing: Drawing, upright: boolean): string | undefined {
  const { width, height } = drawing;
  const painted = inkOf(of);
  const wanted = Float32Array.from(drawing.ink, (value) => value / 255);
  const strength = strengthOf(painted, wanted);
  if (strength < LEAST_STRENGTH) return 'is not painted';
  const strips = stripsOf(drawing, upright);
  const shift = bestShift(painted, wanted, width, height);
  const shown = soft(shifted(painted, width, height, shift), width, height);
  const asked = soft(wanted, width, height);
  for (const strip of strips) {
    const why = unlike(shown, asked, { strip, width, strength }) ?? indistinct(of, painted, { strip, width, strength });
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The same box of each picture, on whole pixels. */
export const partsOf = (pictures: LetteredPixels, x: number, y: number, { width, height }: Drawing): LetteredPixels => {
  const part = (of: Pixels): Pixels => cropped(of, { x, y, width, height });
  const { whole, black, white, without, unlettered } = pictures;
  return {
    whole: part(whole),
    black: part(black),
    white: part(white),
    without: part(without),
    unlettered: part(unlettered),
  };
};

/** How much of each pixel the letters cover, 0…1. What shows them in both colours alike, as an emoji, counts as well. */
function inkOf({ black, white, without }: LetteredPixels): Float32Array {
  const ink = new Float32Array(black.width * black.height);
  for (let at = 0; at < 3 * ink.length; at += 1) {
    const bare = without.rgb[at]!;
    const pixel = Math.floor(at / 3);
    ink[pixel] = ink[pixel]! + (Math.abs(black.rgb[at]! - bare) + Math.abs(white.rgb[at]! - bare)) / (3 * 255);
  }
  return ink.map((value) => Math.min(1, value));
}

/** Paint of letters that are translucent as a whole: of their cores, the upper part. */
function strengthOf(painted: Float32Array, wanted: Float32Array): number {
  const strongest = wanted.reduce((most, value) => Math.max(most, value), 0);
  const cores = [...painted.filter((_, at) => wanted[at]! >= CORE * strongest && wanted[at]! > NONE)].sort(
    (one, other) => one - other,
  );
  return strongest === 0 ? 1 : (cores[Math.floor(cores.length * CORE)] ?? 0) / strongest;
}

interface Strip {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** About a letter each, overlapping by half; of a line that leans, also across. */
function stripsOf({ width, height, wide, high }: Drawing, upright: boolean): Strip[] {
  const along = (length: number, step: number): [number, number][] => {
    const count = Math.max(1, Math.ceil((2 * length) / step) - 1);
    return Array.from({ length: count }, (_, at) => {
      const from = Math.round((at * step) / 2);
      return [from, Math.min(length, Math.round(from + step))];
    });
  };
  const columns = along(width, Math.max(4, STRIP * wide)).map(([left, right]) => ({
    left,
    right,
    top: 0,
    bottom: height,
  }));
  if (upright) return columns;
  const rows = along(height, Math.max(4, STRIP * high)).map(([top, bottom]) => ({
    left: 0,
    right: width,
    top,
    bottom,
  }));
  return [...columns, ...rows];
}

interface In {
  readonly strip: Strip;
  readonly width: number;
  readonly strength: number;
}

function unlike(shown: Float32Array, asked: Float32Array, { strip, width, strength }: In): string | undefined {
  let [both, one, other, ink, due] = [0, 0, 0, 0, 0];
  for (const at of within(strip, width)) {
    const [a, b] = [shown[at]! / strength, asked[at]!];
    both += a * b;
    one += a * a;
    other += b * b;
    ink += a;
    due += b;
  }
  // A dot, or the edge of a letter whose rest is in the strip beside it.
  const least = Math.max(2, 0.02 * (strip.right - strip.left) * (strip.bottom - strip.top));
  if (due < least) return ink < 3 * least ? undefined : 'has other letters over it';
  const likeness = both / Math.sqrt(one * other || 1);
  const share = ink / due;
  return likeness < LEAST_LIKENESS || share < INK_SHARE.least || share > INK_SHARE.most
    ? `is painted otherwise than its letters are (${likeness.toFixed(2)}, ${share.toFixed(2)})`
    : undefined;
}

function indistinct(of: LetteredPixels, ink: Float32Array, { strip, width, strength }: In): string | undefined {
  const cores: number[] = [];
  const between: number[] = [];
  let [others, all] = [0, 0];
  for (const at of within(strip, width)) {
    all += 1;
    const colour = colourAt(of.whole, 3 * at);
    if (ink[at]! >= CORE * strength) cores.push(colour);
    else if (ink[at]! < NONE) between.push(colour);
    if (contrastOf(colourAt(of.without, 3 * at), colourAt(of.unlettered, 3 * at)) >= OTHERS_CONTRAST) others += 1;
  }
  if (others > MOST_OTHERS * all) return 'has other letters among its own';
  if (cores.length < 2 || between.length === 0) return undefined;
  const letter = middle(cores);
  const alike = between.filter((colour) => contrastOf(letter, colour) < LEAST_CONTRAST).length / between.length;
  if (alike <= MOST_ALIKE) return undefined;
  const found = contrastOf(letter, middle(between));
  return found < LEAST_CONTRAST ? `has a contrast of ${found.toFixed(1)}` : 'cannot be told from what is around it';
}

function* within({ left, right, top, bottom }: Strip, width: number): Generator<number> {
  for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) yield y * width + x;
}

/** Of colours, by each channel. */
function middle(colours: readonly number[]): number {
  const of = (shift: number): number =>
    colours.map((colour) => (colour >> shift) & 255).sort((one, other) => one - other)[colours.length >> 1]!;
  return (of(16) << 16) | (of(8) << 8) | of(0);
}

type Shift = readonly [x: number, y: number];

function bestShift(painted: Float32Array, wanted: Float32Array, width: number, height: number): Shift {
  let best: Shift = [0, 0];
  let most = -1;
  for (let y = -SHIFT; y <= SHIFT; y += 1)
    for (let x = -SHIFT; x <= SHIFT; x += 1) {
      const moved = shifted(painted, width, height, [x, y]);
      const both = moved.reduce((sum, value, at) => sum + value * wanted[at]!, 0);
      if (both > most) [best, most] = [[x, y], both];
    }
  return best;
}

function shifted(of: Float32Array, width: number, height: number, [byX, byY]: Shift): Float32Array {
  if (byX === 0 && byY === 0) return of;
  const out = new Float32Array(of.length);
  for (let y = Math.max(0, -byY); y < Math.min(height, height - byY); y += 1)
    for (let x = Math.max(0, -byX); x < Math.min(width, width - byX); x += 1)
      out[y * width + x] = of[(y + byY) * width + x + byX]!;
  return out;
}

/** Each pixel with those around it: where an edge lies between two pixels is the engine's choice. */
function soft(of: Float32Array, width: number, height: number): Float32Array {
  const blurred = (source: Float32Array, step: number, length: (at: number) => number, size: number): Float32Array =>
    source.map((value, at) => {
      const place = length(at);
      const before = place > 0 ? source[at - step]! : 0;
      const after = place < size - 1 ? source[at + step]! : 0;
      return (before + 2 * value + after) / 4;
    });
  return blurred(
    blurred(of, 1, (at) => at % width, width),
    width,
    (at) => Math.floor(at / width),
    height,
  );
}
