// From the engine's account of a page to what can be seen of it. Pure: nothing is asked of the page.
import type { Box, PageLook, SeenNode, SeenText, Viewport } from '../../contracts/browser.ts';
import { meeting, visibleShare } from './geometry.ts';
import { type AccessibleNode, type DocumentSnapshot, type PageSnapshot, STYLES, type Style } from './snapshot.ts';
import { type Axes, axesOf, isBackwards, isOnItsOwn, OVERRIDES, turnedOf, UPRIGHT } from './turned.ts';

const ELEMENT = 1;
/** Below these, text is there for nobody. */
const FAINTEST = 0.1;
const SMALLEST_FONT = 4;
const LEAST_SHARE = 0.25;
/** Of a line, below which it does not stand there whole. */
const WHOLE_SHARE = 0.9;
/** Of a letter's height, how wide one is at least: narrower ones lie over one another. */
const LEAST_ADVANCE = 0.15;

const CUT_OFF = 'cut off';

const STATES = ['checked', 'disabled', 'expanded', 'focused', 'pressed', 'selected'];

/** What an element passes on to those inside it. */
interface Painted {
  readonly style: Readonly<Record<Style, string>>;
  /** Its own times that of everything around it. */
  readonly opacity: number;
  /** What is painted inside it lies in here; null: everywhere. */
  readonly clip: Box | null;
  /** The clip of its nearest ancestor that absolutely placed boxes are placed against, itself included. */
  readonly placedClip: Box | null;
  readonly bounds: Box | null;
  readonly layout: number | undefined;
  readonly axes: Axes;
  /** Its letters are set from their other end. */
  readonly backwards: boolean;
}

interface Draft extends Omit<SeenNode, 'text'> {
  text: string;
}

export function lookOf(input: {
  readonly snapshot: PageSnapshot;
  readonly accessible: readonly AccessibleNode[];
  readonly url: string;
  readonly viewport: Viewport;
}): PageLook {
  const { snapshot, viewport } = input;
  const document = snapshot.documents[0];
  const text = (index: number | undefined): string => (index === undefined ? '' : (snapshot.strings[index] ?? ''));
  const page = { width: document?.contentWidth ?? 0, height: document?.contentHeight ?? 0 };
  const base = { url: input.url, title: text(document?.title), viewport, page };
  if (document === undefined) return { ...base, nodes: [], texts: [] };

  const { nodes, painted, elementOf } = readElements(document, text, input.accessible);
  const texts = readTexts(document, text, { nodes, painted, elementOf });
  const pieces = new Map<number, SeenText[]>();
  for (const piece of texts) {
    for (let at: number = piece.node; at !== -1; at = nodes[at]?.parent ?? -1) {
      const list = pieces.get(at);
      if (list === undefined) pieces.set(at, [piece]);
      else list.push(piece);
    }
  }
  for (const [at, list] of pieces) nodes[at]!.text = joined(list);
  return { ...base, nodes, texts };
}

interface Elements {
  readonly nodes: Draft[];
  readonly painted: readonly Painted[];
  /** From a node of the snapshot to the element that it is or lies in. */
  readonly elementOf: ReadonlyMap<number, number>;
}

function readElements(
  document: DocumentSnapshot,
  text: (index: number | undefined) => string,
  accessible: readonly AccessibleNode[],
): Elements {
  const { nodes: raw, layout } = document;
  const layoutOf = new Map(layout.nodeIndex.map((node, index) => [node, index]));
  const told = new Map(accessible.flatMap((one) => (one.ignored ? [] : [[one.backendDOMNodeId, one] as const])));
  const values = new Map(
    [raw.inputValue, raw.textValue].flatMap((rare) => rare.index.map((node, at) => [node, text(rare.value[at])])),
  );
  const pseudo = new Set(raw.pseudoType.index);
  const nodes: Draft[] = [];
  const painted: Painted[] = [];
  const elementOf = new Map<number, number>();
  for (const [index, type] of raw.nodeType.entries()) {
    const parent = elementOf.get(raw.parentIndex[index] ?? -1) ?? -1;
    if (type !== ELEMENT || pseudo.has(index)) {
      if (parent !== -1) elementOf.set(index, parent);
      continue;
    }
    const at = layoutOf.get(index);
    const own = paintedOf(document, at, text, painted[parent]);
    const tag = text(raw.nodeName[index]).toLowerCase();
    const node = told.get(raw.backendNodeId[index]);
    const outer = own.style.position === 'absolute' ? painted[parent]?.placedClip : painted[parent]?.clip;
    elementOf.set(index, nodes.length);
    painted.push(tag === 'html' || tag === 'body' ? { ...own, clip: null, placedClip: null } : own);
    nodes.push({
      id: raw.backendNodeId[index] ?? -1,
      parent,
      tag,
      attributes: attributesOf(raw.attributes[index] ?? [], text),
      role: string(node?.role?.value).replace(/^(none|generic|GenericContainer)$/, ''),
      name: collapsed(string(node?.name?.value)),
      value: values.get(index) ?? (node?.value === undefined ? null : string(node.value.value)),
      states: statesOf(node),
      text: '',
      box: shownBox(own, own.style.position === 'fixed' ? null : (outer ?? null)),
      overflow: overflowOf(document, at),
    });
  }
  return { nodes, painted, elementOf };
}

function paintedOf(
  { layout }: DocumentSnapshot,
  at: number | undefined,
  text: (index: number | undefined) => string,
  parent: Painted | undefined,
): Painted {
  const values = at === undefined ? [] : (layout.styles[at] ?? []);
  const style = Object.fromEntries(STYLES.map((name, index) => [name, text(values[index])])) as Painted['style'];
  const bounds = at === undefined ? null : boxOf(layout.bounds[at]);
  const opacity = (parent?.opacity ?? 1) * (style.opacity === '' ? 1 : Number(style.opacity));
  const around = style.position === 'fixed' ? null : style.position === 'absolute' ? parent?.placedClip : parent?.clip;
  const cuts = [style['overflow-x'], style['overflow-y']].some((one) => one === 'hidden' || one === 'clip');
  const clip = cuts && bounds !== null ? meeting(around ?? null, bounds) : (around ?? null);
  const placed = style.position !== '' && style.position !== 'static';
  return {
    ...{ style, opacity, clip, placedClip: placed ? clip : (parent?.placedClip ?? null), bounds, layout: at },
    axes: axesOf(style, parent?.axes ?? UPRIGHT),
    backwards: isBackwards(style) || (parent?.backwards === true && !isOnItsOwn(style)),
  };
}

function shownBox({ style, opacity, bounds }: Painted, outer: Box | null): Box | null {
  if (bounds === null || style.visibility !== 'visible' || opacity < FAINTEST) return null;
  const box = onPage(meeting(outer, bounds));
  return box.width < 1 || box.height < 1 ? null : box;
}

function readTexts(
  { nodes: raw, layout, textBoxes }: DocumentSnapshot,
  text: (index: number | undefined) => string,
  { nodes, painted, elementOf }: Elements,
): SeenText[] {
  const overridden = overriddenIn(layout, text, { nodes, painted, elementOf });
  const markers = markersOf(raw, text);
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
    // Where the bullet of an item stands is the engine's choice; a list without a margin has it half outside.
    const garbled = told === CUT_OFF && markers.has(layout.nodeIndex[at] ?? -1) ? undefined : told;
    const bold = Number(own.style['font-weight']) >= 600;
    return [{ node, text: piece, box, fontSize, bold, ...(garbled === undefined ? {} : { garbled }) }];
  });
}

/** The bullets and numbers of items, and the text in them. */
function markersOf(
  { pseudoType, parentIndex }: DocumentSnapshot['nodes'],
  text: (index: number | undefined) => string,
): ReadonlySet<number> {
  const found = new Set(pseudoType.index.filter((_, at) => text(pseudoType.value[at]) === 'marker'));
  for (const [index, parent] of parentIndex.entries()) if (found.has(parent)) found.add(index);
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

/** As a reader puts it together: pieces that touch are one word. */
function joined(pieces: readonly SeenText[]): string {
  let text = '';
  let last: SeenText | undefined;
  for (const piece of pieces) {
    const touching =
      last !== undefined &&
      Math.abs(piece.box.y + piece.box.height - last.box.y - last.box.height) < last.fontSize / 2 &&
      Math.abs(piece.box.x - last.box.x - last.box.width) < last.fontSize / 6;
    text += touching ? piece.text : ` ${piece.text}`;
    last = piece;
  }
  return collapsed(text);
}

/** What lies left of or above the page cannot be scrolled to. */
const onPage = (box: Box): Box => meeting({ x: 0, y: 0, width: 1e7, height: 1e7 }, box);

const collapsed = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
const string = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

function boxOf(rectangle: readonly number[] | undefined): Box | null {
  const [x, y, width, height] = rectangle ?? [];
  return x === undefined || y === undefined || width === undefined || height === undefined
    ? null
    : { x, y, width, height };
}

/** How much of a letter's paint there is: its own, or a background that is cut to it. */
const inkOf = (style: Painted['style']): number =>
  style['background-clip'].includes('text') ? 1 : alphaOf(style['-webkit-text-fill-color']);

/** Of `rgb(…)`, `rgba(…)` and the like, as the engine writes them. */
function alphaOf(color: string): number {
  const alpha = /^rgba\([^)]*,\s*([\d.]+)\)$/.exec(color)?.[1] ?? /\/\s*([\d.]+)\)$/.exec(color)?.[1];
  return alpha === undefined ? 1 : Number(alpha);
}

function attributesOf(pairs: readonly number[], text: (index: number) => string): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < pairs.length; at += 2) attributes[text(pairs[at]!)] = text(pairs[at + 1]!);
  return attributes;
}

const statesOf = (node: AccessibleNode | undefined): string[] =>
  (node?.properties ?? [])
    .filter(({ name, value }) => STATES.includes(name) && (value.value === true || value.value === 'true'))
    .map(({ name }) => name)
    .sort();

function overflowOf({ layout }: DocumentSnapshot, at: number | undefined): SeenNode['overflow'] {
  const scroll = at === undefined ? null : boxOf(layout.scrollRects[at]);
  const client = at === undefined ? null : boxOf(layout.clientRects[at]);
  if (scroll === null || client === null || client.width === 0) return { x: 0, y: 0 };
  return { x: Math.max(0, scroll.width - client.width), y: Math.max(0, scroll.height - client.height) };
}
