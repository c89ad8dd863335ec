// The elements of a page by the engine's account: what each is, what a screen reader is told of it, and what can be seen of it. Pure.
import type { Axes, Box, SeenNode } from '../../contracts/browser.ts';
import { boxOf, meeting, onPage } from './geometry.ts';
import { type AccessibleNode, type DocumentSnapshot, STYLES, type Style } from './snapshot.ts';
import { axesOf, isBackwards, isOnItsOwn, UPRIGHT } from './turned.ts';

const ELEMENT = 1;
/** Below it, paint is there for nobody. */
export const FAINTEST = 0.1;

const STATES = ['checked', 'disabled', 'expanded', 'focused', 'pressed', 'selected'];

/** What an element passes on to those inside it. */
export interface Painted {
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

export interface Draft extends Omit<SeenNode, 'text'> {
  text: string;
}

export interface Elements {
  readonly nodes: Draft[];
  readonly painted: readonly Painted[];
  /** From a node of the snapshot to the element that it is or lies in. */
  readonly elementOf: ReadonlyMap<number, number>;
}

export function readElements(
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

const string = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

export const collapsed = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
