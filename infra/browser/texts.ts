// The lines of painted text of a page by the engine's account, and how the letters of each stand. Pure.
import type { Box, SeenText } from '../../contracts/browser.ts';
import { type Elements, FAINTEST, type Painted } from './elements.ts';
import { boxOf, meeting, onPage, visibleShare } from './geometry.ts';
import type { DocumentSnapshot } from './snapshot.ts';
import { isOnItsOwn, lineAxes, OVERRIDES, turnedOf } from './turned.ts';

/** Below these, text is there for nobody. */
const SMALLEST_FONT = 4;
const LEAST_SHARE = 0.25;
/** Of a line, below which it does not stand there whole. */
const WHOLE_SHARE = 0.9;
/** Of a letter's height, how wide one is at least: narrower ones lie over one another. */
const LEAST_ADVANCE = 0.15;

const CUT_OFF = 'cut off';

export function readTexts(
  { nodes: raw, layout, textBoxes }: DocumentSnapshot,
  text: (index: number | undefined) => string,
  { nodes, painted, elementOf }: Elements,
): SeenText[] {
  const overridden = overriddenIn(layout, text, { nodes, painted, elementOf });
  const made = madeIn(raw, text);
  return textBoxes.layoutIndex.flatMap((at, index) => {
    const node = elementOf.get(layout.nodeIndex[at] ?? -1);
    const bounds = boxOf(textBoxes.bounds[index]);
    const own = node === undefined ? undefined : painted[node];
    if (node === undefined || own === undefined || bounds === null) return [];
    const start = textBoxes.start[index] ?? 0;
    const piece = text(layout.text[at]).slice(start, start + (textBoxes.length[index] ?? 0));
    const box = onPage(meeting(own.clip, bounds));
    const fontSize = Number.parseFloat(own.style['font-size']) || 0;
    const hidden =
      own.style.visibility !== 'visible' ||
      own.opacity * inkOf(own.style) < FAINTEST ||
      fontSize < SMALLEST_FONT ||
      visibleShare(box, bounds) < LEAST_SHARE;
    if (hidden || piece.trim() === '') return [];
    const backwards = own.backwards || overridden(node);
    const told = garbledOf(piece, { own, backwards, box, bounds, fontSize });
    const by = made.get(layout.nodeIndex[at] ?? -1) ?? '';
    // Where the bullet of an item stands is the engine's choice; a list without a margin has it half outside.
    const garbled = told === CUT_OFF && by === 'marker' ? undefined : told;
    const bold = Number(own.style['font-weight']) >= 600;
    const stands = { bounds, axes: lineAxes(own.axes, own.style), made: by };
    return [{ node, text: piece, box, fontSize, bold, ...(garbled === undefined ? {} : { garbled }), stands }];
  });
}

/** Pseudo-elements, and the texts in them: by which they are. */
function madeIn(
  { pseudoType, parentIndex }: DocumentSnapshot['nodes'],
  text: (index: number | undefined) => string,
): ReadonlyMap<number, string> {
  const found = new Map(pseudoType.index.map((node, at) => [node, text(pseudoType.value[at])]));
  for (const [index, parent] of parentIndex.entries()) {
    const by = found.get(index) ?? found.get(parent);
    if (by !== undefined) found.set(index, by);
  }
  return found;
}

/** Whether a character among an element's own, or before them in the same paragraph, turns the order of others round. */
function overriddenIn(
  layout: DocumentSnapshot['layout'],
  text: (index: number | undefined) => string,
  { nodes, painted, elementOf }: Elements,
): (element: number) => boolean {
  const found = new Set<number>();
  const onItsOwn = (at: number): boolean => at === -1 || isOnItsOwn(painted[at]!.style);
  for (const [at, node] of layout.nodeIndex.entries()) {
    const element = elementOf.get(node);
    if (element === undefined || !OVERRIDES.test(text(layout.text[at]))) continue;
    found.add(element);
    if (!onItsOwn(element)) found.add(nodes[element]!.parent);
  }
  return (element) => {
    for (let at = element; ; at = nodes[at]!.parent) {
      if (found.has(at)) return true;
      if (onItsOwn(at)) return false;
    }
  };
}

function garbledOf(
  piece: string,
  of: {
    readonly own: Painted;
    readonly backwards: boolean;
    readonly box: Box;
    readonly bounds: Box;
    readonly fontSize: number;
  },
): string | undefined {
  const { own, backwards, box, bounds, fontSize } = of;
  const letters = [...piece.trim()].length;
  if (backwards && letters > 1) return 'set backwards';
  const turned = turnedOf(own.axes, own.style);
  if (turned !== undefined) return turned;
  if (visibleShare(box, bounds) < WHOLE_SHARE) return CUT_OFF;
  const upright = Math.abs(own.axes.x[1]) < 0.01 && !own.style['writing-mode'].startsWith('vertical');
  const least = letters * fontSize * Math.abs(own.axes.x[0]) * LEAST_ADVANCE;
  return upright && letters > 1 && bounds.width < least ? 'set over one another' : undefined;
}

/** How much of a letter's paint there is: its own, or a background that is cut to it. */
const inkOf = (style: Painted['style']): number =>
  style['background-clip'].includes('text') ? 1 : alphaOf(style['-webkit-text-fill-color']);

/** Of `rgb(…)`, `rgba(…)` and the like, as the engine writes them. */
function alphaOf(color: string): number {
  const alpha = /^rgba\([^)]*,\s*([\d.]+)\)$/.exec(color)?.[1] ?? /\/\s*([\d.]+)\)$/.exec(color)?.[1];
  return alpha === undefined ? 1 : Number(alpha);
}
