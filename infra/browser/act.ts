// What a user does, as events of mouse and keyboard.
import type { CDPSession, Page } from 'playwright-core';
import type { PageAct } from '../../contracts/browser.ts';
import type { Isolated } from './isolated.ts';
import { ORIGIN } from './serve.ts';

/** Longer texts are pasted: a key at a time would take too long. */
const TYPED = 100;
/** Fields that a user does not type into as text. */
const PICKED = ['date', 'time', 'datetime-local', 'month', 'week', 'color', 'range'];

/** Sets a field as picking a value would, through the element's own setter, and tells the page. */
const SET = `function (value) {
  if (this instanceof HTMLSelectElement) {
    const option = [...this.options].find((one) => one.label === value || one.value === value);
    if (option === undefined) return false;
    this.selectedIndex = option.index;
  } else this.value = value;
  this.dispatchEvent(new Event('input', { bubbles: true }));
  this.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
}`;

/** In every box around it that can be scrolled, too. */
const SHOW = `function (part) {
  const { x, y, width, height } = JSON.parse(part);
  const own = this.getBoundingClientRect();
  if (own.width <= innerWidth && own.height <= innerHeight) this.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
  else scrollTo({ left: x + width - innerWidth, top: y + height / 2 - innerHeight / 2, behavior: 'instant' });
}`;

interface Described {
  readonly backendNodeId: number;
  readonly nodeName: string;
  readonly attributes?: string[];
  readonly children?: Described[];
  readonly shadowRoots?: Described[];
}

export interface Acting {
  readonly act: PageAct;
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly isolated: Isolated;
}

/** Undefined when done, else why not. */
export async function perform({ act, page, cdp, isolated }: Acting): Promise<string | undefined> {
  switch (act.do) {
    case 'click':
      return click(page, cdp, act);
    case 'fill':
      return fill(page, cdp, isolated, act);
    case 'show':
      return done(isolated.on(act.node, SHOW, JSON.stringify(act.part)));
    case 'press':
      return done(page.keyboard.press(act.key));
    case 'navigate':
      return done(page.goto(new URL(act.to, `${ORIGIN}/`).href, { waitUntil: 'load' }));
    case 'reload':
      return done(page.reload({ waitUntil: 'load' }));
    case 'back':
      return done(page.goBack({ waitUntil: 'load' }));
    case 'wait':
      return done(new Promise((resolve) => setTimeout(resolve, act.milliseconds)));
    case 'resize':
      return done(page.setViewportSize(act.viewport));
  }
}

async function done(work: Promise<unknown>): Promise<undefined> {
  await work;
}

/** The way that a mouse takes. */
const MOUSE_STEPS = 8;
/** A text of any length is typed in this. */
const TYPING_MS = 3_000;

async function click(
  page: Page,
  cdp: CDPSession,
  { node, count = 1, pace = 0 }: Extract<PageAct, { do: 'click' }>,
): Promise<string | undefined> {
  const described = await describe(cdp, node);
  if (described === undefined) return 'it is no longer there';
  const point = await centre(cdp, node);
  if (point === undefined) return 'it has no area to click at';
  const hit = await cdp
    .send('DOM.getNodeForLocation', { x: Math.round(point.pageX), y: Math.round(point.pageY) })
    .catch(() => undefined);
  if (hit === undefined || !within(described, hit.backendNodeId)) return 'something else lies above it';
  if (pace > 0) await page.mouse.move(point.x, point.y, { steps: MOUSE_STEPS });
  await page.mouse.click(point.x, point.y, { clickCount: count, delay: pace });
  return undefined;
}

async function fill(
  page: Page,
  cdp: CDPSession,
  isolated: Isolated,
  { node, text, pace = 0 }: Extract<PageAct, { do: 'fill' }>,
): Promise<string | undefined> {
  const described = await describe(cdp, node);
  if (described === undefined) return 'it is no longer there';
  if ((await centre(cdp, node)) === undefined) return 'it has no area to type into';
  const tag = described.nodeName.toLowerCase();
  const type = attribute(described, 'type')?.toLowerCase() ?? 'text';
  if (tag === 'select' || (tag === 'input' && PICKED.includes(type)))
    return (await isolated.on(node, SET, text)) === true ? undefined : `it has no option ${JSON.stringify(text)}`;
  const focused = await cdp.send('DOM.focus', { backendNodeId: node }).catch(() => undefined);
  if (focused === undefined) return 'it takes no focus';
  const delay = Math.min(pace, TYPING_MS / (text.length + 1));
  await page.keyboard.press('ControlOrMeta+a', { delay });
  if (text === '') await page.keyboard.press('Delete', { delay });
  else if (text.length <= TYPED && !/[\r\n\t]/.test(text)) await page.keyboard.type(text, { delay });
  else await page.keyboard.insertText(text);
  return undefined;
}

const describe = async (cdp: CDPSession, backendNodeId: number): Promise<Described | undefined> =>
  (await cdp.send('DOM.describeNode', { backendNodeId, depth: -1, pierce: true }).catch(() => undefined))?.node;

function attribute({ attributes = [] }: Described, name: string): string | undefined {
  const at = attributes.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name);
  return at === -1 ? undefined : attributes[at + 1];
}

function within(node: Described, id: number): boolean {
  if (node.backendNodeId === id) return true;
  return [...(node.children ?? []), ...(node.shadowRoots ?? [])].some((child) => within(child, id));
}

/** Of its first box with an area, after it was scrolled to: in the viewport for the mouse, on the page for the engine. */
async function centre(cdp: CDPSession, backendNodeId: number) {
  await cdp.send('DOM.scrollIntoViewIfNeeded', { backendNodeId }).catch(() => {});
  const found = await cdp.send('DOM.getContentQuads', { backendNodeId }).catch(() => ({ quads: [] }));
  for (const quad of found.quads) {
    const xs = quad.filter((_, index) => index % 2 === 0);
    const ys = quad.filter((_, index) => index % 2 === 1);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    if (right - left < 1 || bottom - top < 1) continue;
    const { cssVisualViewport } = await cdp.send('Page.getLayoutMetrics');
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    return { x, y, pageX: x + cssVisualViewport.pageX, pageY: y + cssVisualViewport.pageY };
  }
  return undefined;
}
