// The port of a browser, and what is seen of a page through it. A page's own scripts cannot change what is seen: it is read from the
// engine (layout, accessibility tree, storage), never by code that runs among the page's.

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

/** CSS pixels from the document's upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SeenNode {
  /** The engine's own number: names the node in an action, and is the same in a later look. */
  readonly id: number;
  /** Index of the parent element in `PageLook.nodes`; -1 for the root. Shadow trees, closed ones too, lie inside their hosts. */
  readonly parent: number;
  /** In lower case. */
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** As a screen reader is told: '' where the accessibility tree leaves the node out. */
  readonly role: string;
  readonly name: string;
  /** Of a form field, as it is now. */
  readonly value: string | null;
  /** checked, disabled, expanded, focused, pressed, selected: those that are true. */
  readonly states: readonly string[];
  /** Painted text of the node and everything in it, white space collapsed. What is hidden, transparent or cut off is left out. */
  readonly text: string;
  /** What can be seen of it, other nodes above it aside; null: nothing. */
  readonly box: Box | null;
  /** By how many pixels its content is larger than it, where the rest is cut off or has to be scrolled to. */
  readonly overflow: { readonly x: number; readonly y: number };
}

/** Where the horizontal and the vertical axis of an element point to: what it does to letters, without where it puts them. */
export interface Axes {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** How a line stands: enough to draw its letters once more. */
export interface Stance {
  /** Of all of it, also where a part is cut off. */
  readonly bounds: Box;
  readonly axes: Axes;
  /** The pseudo-element that says it, for example `before` or `marker`; '' where the document does. */
  readonly made: string;
}

/** One line of painted text. */
export interface SeenText {
  /** Index of its element in `PageLook.nodes`. */
  readonly node: number;
  readonly text: string;
  readonly box: Box;
  /** CSS pixels. */
  readonly fontSize: number;
  readonly bold: boolean;
  /** Why a reader does not see these letters as they stand here: mirrored, upside down, set backwards, cut off. */
  readonly garbled?: string;
  readonly stands: Stance;
}

export interface PageLook {
  readonly url: string;
  readonly title: string;
  readonly viewport: Viewport;
  /** Of all that can be scrolled to. */
  readonly page: { readonly width: number; readonly height: number };
  /** Of the main document, in document order, parents first. */
  readonly nodes: readonly SeenNode[];
  readonly texts: readonly SeenText[];
}

export type PageAct =
  | { readonly do: 'click'; readonly node: number; readonly count?: number; readonly pace?: number }
  /** `pace`: milliseconds that a hand takes for a key or a button; missing: no time at all. */
  | { readonly do: 'fill'; readonly node: number; readonly text: string; readonly pace?: number }
  | { readonly do: 'press'; readonly key: string }
  /** Scrolls it to the middle of the window, or as near to it as it can be brought; of one that is larger than the window, this part. */
  | { readonly do: 'show'; readonly node: number; readonly part: Box }
  /** A path of the artifact, with query and fragment if need be. */
  | { readonly do: 'navigate'; readonly to: string }
  | { readonly do: 'reload' | 'back' }
  | { readonly do: 'wait'; readonly milliseconds: number }
  | { readonly do: 'resize'; readonly viewport: Viewport };

/**
 * The page is gone or does not answer: it crashed, hung, closed itself, or grew beyond what is looked at. Its own doing. A browser that
 * was killed or stopped from outside is none: whatever asks it for something throws `sandbox.failed`.
 */
export interface PageLost {
  readonly lost: string;
}

/** What happened since the page was opened; texts and lists are bounded. */
export interface PageEvents {
  /** Uncaught errors and rejections. */
  readonly errors: readonly string[];
  /** Addresses outside the artifact that the page asked for. Nothing was sent: there is no network. */
  readonly external: readonly string[];
  /** Files of its own that it asked for and that are not there. */
  readonly missing: readonly string[];
  readonly dialogs: readonly string[];
}

/** PNG of the whole page as far as it is looked at, a pixel for each CSS pixel. */
export interface Pictures {
  readonly whole: Uint8Array;
  /** The same without its letters: what differs is text that was painted. */
  readonly unlettered: Uint8Array;
}

/** PNG of the window, a pixel for each CSS pixel, and where on the page its upper left corner is. */
export interface Glimpse {
  readonly png: Uint8Array;
  readonly x: number;
  readonly y: number;
}

/** The window as it is; with letters in black, in white, and without them: what differs are those letters, and nothing above them. */
export type Lettered = Readonly<Record<'whole' | 'black' | 'white' | 'without', Glimpse>> & {
  /** Without any letters at all. */
  readonly unlettered: Glimpse;
};

/** Letters as the engine draws them where nothing hides, turns or squeezes them. */
export interface Drawing {
  /** Where its upper left corner lies on the page. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of each pixel, row by row, how much ink there is: 0…255. */
  readonly ink: Uint8Array;
  /** The font's size as it is painted, CSS pixels, by width and by height. */
  readonly wide: number;
  readonly high: number;
  /** How far letters stand apart, as a share of what their font asks for. */
  readonly apart: number;
}

export interface BrowserPage {
  look(): Promise<PageLook | PageLost>;
  /** Real input events. Undefined when done; else why it could not be: hidden, covered, no such node, page lost. */
  act(act: PageAct): Promise<string | undefined>;
  /** Of these nodes, those whose own letters are painted by a font that the page brought along. */
  broughtFonts(nodes: readonly number[]): Promise<ReadonlySet<number> | PageLost>;
  /** Of the window as it is now. The page goes on, and does not notice. */
  glimpse(): Promise<Glimpse | PageLost>;
  /** Of the window; whose own letters are told apart: these nodes'. Comes last: the page's scripts do not run any more. */
  lettered(nodes: readonly number[]): Promise<Lettered | PageLost>;
  /** The letters of lines of a look, drawn anew; null where that cannot be done. */
  drawn(
    lines: readonly { readonly node: number; readonly line: SeenText }[],
  ): Promise<readonly (Drawing | null)[] | PageLost>;
  /** Comes last: the page's scripts do not run any more. */
  pictures(): Promise<Pictures | PageLost>;
  /** Local storage of the artifact's origin. */
  storage(): Promise<ReadonlyMap<string, string> | PageLost>;
  /** Downloads that have ended. */
  downloads(): Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[] | PageLost>;
  events(): PageEvents;
}

export interface BrowserLimits {
  /** Wall clock of everything together, milliseconds. */
  readonly wallMs: number;
  /** For one page to load, and for one look or action. */
  readonly stepMs: number;
  /** Profile, caches and downloads together. */
  readonly diskBytes: number;
}

export interface BrowserVisit {
  /** What the browser can load, by path; nothing else exists for it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly limits: BrowserLimits;
}

/** Opens a page with a profile of its own: no storage, cache or history of another. The page before is closed; its events stay. */
export type OpenPage = (entry: string, viewport: Viewport) => Promise<BrowserPage | PageLost>;

export interface Browser {
  /** What renders and what isolates it, for manifests. */
  describe(): Promise<string>;
  /**
   * Starts a browser for one judgement; it and everything that it started are gone when this settles.
   * @throws AnnealError `sandbox.unavailable` when none can be isolated here, `sandbox.failed` when it did not start, broke without a page,
   * or was ended or stopped by something else than a page
   */
  visit<Seen>(visit: BrowserVisit, look: (open: OpenPage) => Promise<Seen>): Promise<Seen>;
}
