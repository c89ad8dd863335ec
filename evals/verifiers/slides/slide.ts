// One slide as it is painted.
import type { Box, PageLook, SeenNode, SeenText } from '../../../contracts/browser.ts';
import { wordsOf } from '../document/blocks.ts';
import { inkShare, letterContrast } from '../rendered/colours.ts';
import { cropped, type Pictured } from '../rendered/png.ts';

export interface Slide {
  /** Index of its node in the look. */
  readonly node: number;
  readonly box: Box;
  readonly text: string;
  readonly overflow: SeenNode['overflow'];
  readonly lines: readonly SeenText[];
}

export interface SlideRules {
  readonly size: { readonly width: number; readonly height: number };
  readonly mostWords: number;
  readonly leastFontSize: number;
  readonly leastContrast: number;
}

const SLACK = 1;
const LEAST_INK = 0.002;
const CONTRAST_SLACK = 0.9;

/** Sections that lie in no other one and can be seen. */
export function slidesOf(look: PageLook): Slide[] {
  const owner = new Map<number, number>();
  const found: { node: number; box: Box; lines: SeenText[] }[] = [];
  for (const [at, node] of look.nodes.entries()) {
    const around = owner.get(node.parent);
    if (around !== undefined) owner.set(at, around);
    else if (node.tag === 'section' && node.box !== null) {
      owner.set(at, found.length);
      found.push({ node: at, box: node.box, lines: [] });
    }
  }
  for (const line of look.texts) {
    const slide = owner.get(line.node);
    if (slide !== undefined) found[slide]!.lines.push(line);
  }
  return found.map((slide) => ({
    ...slide,
    text: look.nodes[slide.node]!.text,
    overflow: look.nodes[slide.node]!.overflow,
  }));
}

/** What is wrong with it. */
export function slideProblem(
  { box, text, overflow, lines, node }: Slide,
  look: PageLook,
  { whole, unlettered }: Pictured,
  { size, mostWords, leastFontSize, leastContrast }: SlideRules,
): string | undefined {
  if (Math.abs(box.width - size.width) > SLACK || Math.abs(box.height - size.height) > SLACK)
    return `is ${Math.round(box.width)}×${Math.round(box.height)} pixels, not ${size.width}×${size.height}`;
  if (inkShare(cropped(whole, box)) < LEAST_INK || lines.length === 0) return 'is blank';
  if (overflow.x > SLACK || overflow.y > SLACK) return 'holds more than fits';
  const outside = lines.find((line) => !within(line.box, box));
  if (outside !== undefined) return `has text beside it: ${quoted(outside)}`;
  const cut = look.nodes.find((one, at) => isIn(look, at, node) && one.text !== '' && one.overflow.x > SLACK);
  if (cut !== undefined) return `has text cut off: “${cut.text.slice(0, 60)}”`;
  const small = lines.find(({ fontSize }) => fontSize < leastFontSize);
  if (small !== undefined) return `has text of ${small.fontSize} pixels: ${quoted(small)}`;
  const words = wordsOf(text).length;
  if (words > mostWords) return `has ${words} words, more than ${mostWords}`;
  const crossed = lines.find((line, at) => lines.slice(at + 1).some((other) => overlap(line.box, other.box)));
  if (crossed !== undefined) return `has text over text: ${quoted(crossed)}`;
  const contrast = ({ box: at }: SeenText): number => letterContrast(cropped(whole, at), cropped(unlettered, at));
  const faint = lines.find((line) => contrast(line) < leastContrast * CONTRAST_SLACK);
  return faint === undefined ? undefined : `has text that hardly shows: ${quoted(faint)}`;
}

const quoted = ({ text }: SeenText): string => `“${text.trim().slice(0, 60)}”`;

const within = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x - SLACK &&
  inner.y >= outer.y - SLACK &&
  inner.x + inner.width <= outer.x + outer.width + SLACK &&
  inner.y + inner.height <= outer.y + outer.height + SLACK;

/** Lines that are set tightly share some of their height and no letter. */
function overlap(one: Box, other: Box): boolean {
  const wide = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const high = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return wide > 2 * SLACK && high > 0.4 * Math.min(one.height, other.height);
}

function isIn(look: PageLook, at: number, section: number): boolean {
  for (let one = look.nodes[at]!.parent; one !== -1; one = look.nodes[one]!.parent) if (one === section) return true;
  return false;
}
