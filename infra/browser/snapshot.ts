// The engine's own account of a page (Chrome DevTools Protocol: DOMSnapshot.captureSnapshot, Accessibility.getFullAXTree), as far as it is
// read here. https://chromedevtools.github.io/devtools-protocol/tot/DOMSnapshot/

/** Their values stand in `layout.styles`, in this order. */
export const STYLES = [
  'visibility',
  'opacity',
  'font-size',
  'font-weight',
  '-webkit-text-fill-color',
  'background-clip',
  'position',
  'overflow-x',
  'overflow-y',
  'transform',
  'rotate',
  'scale',
  'offset-path',
  'direction',
  'unicode-bidi',
  'writing-mode',
] as const;
export type Style = (typeof STYLES)[number];

/** x, y, width, height; empty where there is no box. */
type Rectangle = readonly number[];
interface Rare {
  readonly index: readonly number[];
  readonly value: readonly number[];
}

export interface DocumentSnapshot {
  readonly title: number;
  readonly contentWidth?: number;
  readonly contentHeight?: number;
  readonly nodes: {
    readonly parentIndex: readonly number[];
    readonly nodeType: readonly number[];
    readonly nodeName: readonly number[];
    readonly backendNodeId: readonly number[];
    /** Names and values in turn. */
    readonly attributes: readonly (readonly number[])[];
    readonly inputValue: Rare;
    readonly textValue: Rare;
    readonly pseudoType: Rare;
  };
  readonly layout: {
    readonly nodeIndex: readonly number[];
    readonly styles: readonly (readonly number[])[];
    readonly bounds: readonly Rectangle[];
    readonly text: readonly number[];
    readonly scrollRects: readonly Rectangle[];
    readonly clientRects: readonly Rectangle[];
  };
  readonly textBoxes: {
    readonly layoutIndex: readonly number[];
    readonly bounds: readonly Rectangle[];
    readonly start: readonly number[];
    readonly length: readonly number[];
  };
}

export interface PageSnapshot {
  /** The main document is the first. */
  readonly documents: readonly DocumentSnapshot[];
  readonly strings: readonly string[];
}

export interface AccessibleNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: unknown };
  readonly name?: { readonly value?: unknown };
  readonly value?: { readonly value?: unknown };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value?: unknown } }[];
  readonly backendDOMNodeId?: number;
}
