// One page of a browser, driven and looked at from outside. Nothing here runs among the page's scripts: looks come from the engine's
// layout and accessibility tree, input goes in as events of mouse and keyboard, and the few lines of script that are needed run in an
// isolated world, with prototypes of its own.
import type { CDPSession, Browser as Chromium, Page } from 'playwright-core';
import type { BrowserPage, BrowserVisit, PageEvents, PageLook, PageLost, Viewport } from '../../contracts/browser.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { perform } from './act.ts';
import { readDownloads, watchDownloads } from './downloads.ts';
import { broughtFonts } from './fonts.ts';
import { glimpse } from './glimpse.ts';
import { createIsolated } from './isolated.ts';
import { drawn, takeLettered } from './letters.ts';
import { lookOf } from './look.ts';
import { takePictures } from './pictures.ts';
import { createNotes, ORIGIN, serve } from './serve.ts';
import { type AccessibleNode, type PageSnapshot, STYLES } from './snapshot.ts';

/** More is not looked at: what is read has to fit into our own memory. */
const MOST_CHARACTERS = 4 * 2 ** 20;
const MOST_NODES = 50_000;
const MOST_DIALOGS = 20;
const MOST_WINDOWS = 5;
/** For a page without anything of the artifact's in it. */
const MAKE_MS = 30_000;

/** The page's own doing, or the clock's. */
export class Lost extends Error {}

export type Bounded = <T>(work: () => Promise<T>) => Promise<T>;

export interface OpenInput extends BrowserVisit {
  readonly browser: Chromium;
  readonly entry: string;
  readonly viewport: Viewport;
  /** When everything must be over, by performance.now(). */
  readonly deadline: number;
  /** What befell the browser itself, if that is why a page is lost. */
  readonly outside: () => Promise<string | undefined>;
}

/** @throws AnnealError `sandbox.failed`: the browser was lost, and not by the page; anything else: no page could be made */
export async function openPage(input: OpenInput): Promise<BrowserPage | PageLost> {
  const made = await inTime(make(input), MAKE_MS);
  return load(input, made);
}

/** As a user's browser would: without a head it says so, and a page could behave for us alone. */
function userAgentOf(browser: Chromium): string {
  const [release] = browser.version().split('.');
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${release}.0.0.0 Safari/537.36`;
}

/** A page with nothing in it yet. A browser that was stopped would never answer. */
async function make({ browser, files, limits, viewport }: OpenInput) {
  const context = await browser.newContext({
    viewport,
    userAgent: userAgentOf(browser),
    serviceWorkers: 'block',
    acceptDownloads: false,
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(limits.stepMs);
  const served = await serve(context, files);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  const downloads = await watchDownloads(browser, cdp);
  return { page, served, cdp, downloads };
}

async function load(
  input: OpenInput,
  { page, served, cdp, downloads }: Awaited<ReturnType<typeof make>>,
): Promise<BrowserPage | PageLost> {
  const { browser, limits, entry } = input;
  const { events, gone } = watch(page, served);

  const bounded: Bounded = async (work) => {
    const left = Math.min(limits.stepMs, input.deadline - performance.now());
    if (left <= 0) throw new Lost('the time is up');
    if (gone.why !== undefined) throw new Lost(gone.why);
    return inTime(Promise.race([work(), gone.promise]), left);
  };
  /** What goes wrong here is the page's, unless the browser itself is gone. */
  const lostOr = async <T>(work: () => Promise<T>): Promise<T | PageLost> => {
    try {
      return await bounded(work);
    } catch (failure) {
      const why = await input.outside();
      if (why !== undefined) throw new AnnealError('sandbox.failed', why, { cause: failure });
      gone.why ??= failure instanceof Lost ? failure.message : 'the page cannot be looked at';
      return { lost: gone.why };
    }
  };

  const isolated = createIsolated(cdp);
  // A page that leaves for its next one while it is looked at is looked at there.
  const look = () =>
    lostOr(() =>
      lookAt(page, cdp, isolated.evaluate).catch((failure: unknown) => {
        if (failure instanceof Lost) throw failure;
        return lookAt(page, cdp, isolated.evaluate);
      }),
    );
  const loaded = await lostOr(async () => {
    const response = await page.goto(`${ORIGIN}/${entry}`, { waitUntil: 'load' });
    if (response !== null && !response.ok()) throw new Lost(`${entry} is answered with ${response.status()}`);
  });
  if (loaded !== undefined) return loaded;
  return {
    look,
    act: async (act) => {
      const done = await lostOr(() => perform({ act, page, cdp, isolated }));
      return typeof done === 'object' ? done.lost : done;
    },
    broughtFonts: (nodes) => lostOr(() => broughtFonts(cdp, nodes)),
    glimpse: () => lostOr(() => glimpse(cdp)),
    lettered: (nodes) => lostOr(() => takeLettered(cdp, isolated, nodes)),
    drawn: (lines) => lostOr(() => drawn(isolated, lines)),
    pictures: () => lostOr(() => takePictures(page, cdp, isolated)),
    storage: () =>
      lostOr(async () => {
        const storageId = { securityOrigin: ORIGIN, isLocalStorage: true };
        const { entries } = await cdp.send('DOMStorage.getDOMStorageItems', { storageId });
        return new Map(entries as [string, string][]);
      }),
    downloads: () => lostOr(() => readDownloads(browser, downloads)),
    events,
  };
}

/** @throws Lost */
async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Lost('the page does not answer')), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function watch(page: Page, served: Awaited<ReturnType<typeof serve>>) {
  const errors = createNotes();
  const dialogs = createNotes();
  let count = 0;
  const gone: { why: string | undefined; promise: Promise<never> } = { why: undefined, promise: new Promise(() => {}) };
  gone.promise = new Promise((_, reject) => {
    const end = (why: string): void => {
      gone.why ??= why;
      reject(new Lost(gone.why));
    };
    let windows = 0;
    page.context().on('page', (other) => {
      if (other === page) return;
      // Not part of what is judged, and each one is memory.
      other.close().catch(() => {});
      windows += 1;
      if (windows > MOST_WINDOWS) end('the page opens window after window');
    });
    page.on('crash', () => end('the page crashed'));
    page.on('close', () => end('the page closed itself'));
    page.on('dialog', (dialog) => {
      count += 1;
      dialogs.add(`${dialog.type()}: ${dialog.message()}`);
      if (count > MOST_DIALOGS) end('the page asks and asks');
      dialog.accept().catch(() => {});
    });
  });
  gone.promise.catch(() => {});
  page.on('pageerror', (error) => errors.add(firstLine(String(error.message))));
  page.on('websocket', (socket) => served.external.add(socket.url()));
  const events = (): PageEvents => ({
    errors: errors.list(),
    external: served.external.list(),
    missing: served.missing.list(),
    dialogs: dialogs.list(),
  });
  return { events, gone };
}

async function lookAt(
  page: Page,
  cdp: CDPSession,
  evaluate: (expression: string) => Promise<unknown>,
): Promise<PageLook> {
  const { nodes } = await cdp.send('Memory.getDOMCounters');
  const characters = await evaluate('new XMLSerializer().serializeToString(document).length');
  if (nodes > MOST_NODES || Number(characters) > MOST_CHARACTERS) throw new Lost('the page is too large to look at');
  const [snapshot, tree] = await Promise.all([
    cdp.send('DOMSnapshot.captureSnapshot', { computedStyles: [...STYLES], includeDOMRects: true }),
    cdp.send('Accessibility.getFullAXTree'),
  ]);
  return lookOf({
    snapshot: snapshot as unknown as PageSnapshot,
    accessible: tree.nodes as readonly AccessibleNode[],
    url: page.url(),
    viewport: page.viewportSize() ?? { width: 0, height: 0 },
  });
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
