// Whether a reader sees what a scenario found: in the very page that it was found in, in the window as it is, by its pixels. A style that
// hides it there, and shows it wherever else one looks, gains nothing.
import type { Box, BrowserPage, Glimpse, PageLook, PageLost, SeenNode, SeenText } from '../../../contracts/browser.ts';
import { inkShare } from '../rendered/colours.ts';
import { cropped, pixelsOf } from '../rendered/png.ts';
import { ambiguity, check, holdsOf, isLookedAt } from './assertion.ts';
import type { Action, Assertion, Expectation, Target } from './check.ts';
import { find, inWords, linesIn } from './find.ts';
import type { Values } from './inputs.ts';
import { illegible, misplaced } from './reading.ts';
import { alike, atRest, type Sight, seen } from './rest.ts';

/** Of a control and its edge: less is one even colour. */
const LEAST_INK = 0.002;
const EDGE = 3;
/** Nobody reads more to find one thing, nor does this. */
const MOST_LINES = 200;

export interface Sought {
  readonly expected: readonly Expectation[];
  readonly acted: readonly Action[];
  readonly values: Values;
  readonly patienceMs: number;
  /** How long what was found has to stay. */
  readonly dwellMs: number;
}

type Why = string | undefined | PageLost;

/** Comes last: the page's scripts do not run any more. @returns what cannot be seen, in words */
export async function unseen(page: BrowserPage, of: Sought): Promise<Why> {
  const rested = await rests(page, of);
  if (typeof rested === 'string' || 'lost' in rested) return rested;
  const { lines, look } = rested;
  const owners = [...new Set(lines.map(({ node }) => look.nodes[node]!.id))];
  const brought = await page.broughtFonts(owners);
  if ('lost' in brought) return brought;
  const foreign = lines.find(({ node }) => brought.has(look.nodes[node]!.id));
  if (foreign !== undefined) return `${quoted(foreign)} is painted by a font that the page brought along`;
  return (await unread(page, of, rested)) ?? untold(page, of);
}

const quoted = ({ text }: SeenText): string => `“${text.trim().slice(0, 60)}”`;

/** All that it rests on, each part of it where the window shows it. */
async function rests(page: BrowserPage, of: Sought): Promise<Sight | string | PageLost> {
  const missing = (look: PageLook): Promise<Why> => unmet(page, of, look);
  const linesOf = (look: PageLook): SeenText[] => linesSought(look, of);
  let rested: Sight | undefined;
  for (let waiting: number[] | undefined; waiting === undefined || waiting.length > 0; ) {
    const shown = await shows(page, of, waiting?.[0] ?? 0);
    if (shown !== undefined) return shown;
    const sight = await atRest(page, { ...of, linesOf, missing });
    if ('lost' in sight) return sight;
    if ('restless' in sight) return sight.restless;
    const wrong = misplaced(sight.lines);
    if (wrong !== undefined) return wrong;
    if (sight.lines.length > MOST_LINES) return `${sight.lines.length} lines are more than anybody reads`;
    const left: number[] = (waiting ?? [...sight.lines.keys()]).filter(
      (at) => !isInside(sight, sight.lines[at]!.stands.bounds),
    );
    if (left.length > 0 && left[0] === (waiting?.[0] ?? 0))
      return `${quoted(sight.lines[left[0]!]!)} cannot be brought into the window`;
    waiting = left;
    rested = sight;
  }
  return rested!;
}

/** What of it does not hold there, or is said twice and not alike. */
async function unmet(page: BrowserPage, { expected, values }: Sought, look: PageLook): Promise<Why> {
  for (const { expect } of expected) {
    const held = isLookedAt(expect) ? holdsOf(expect, look, values) : await check(expect, page, values);
    if ('lost' in held) return held;
    if (!held.holds) return held.saw;
    const twice = isLookedAt(expect) ? ambiguity(expect, look, values) : undefined;
    if (twice !== undefined) return twice;
  }
  return undefined;
}

/** Its lines once more, with the scripts stopped, letter by letter. */
async function unread(page: BrowserPage, of: Sought, rested: Sight): Promise<Why> {
  let last: Sight | undefined = rested;
  for (let waiting = [...rested.lines.keys()]; ; last = undefined) {
    if (last === undefined) {
      const shown = await shows(page, of, waiting[0]!);
      if (shown !== undefined) return shown;
    }
    const look = await page.look();
    if ('lost' in look) return look;
    const lines = linesSought(look, of);
    if (lines.length !== rested.lines.length) return 'it changes when it is looked at';
    const pictures = await page.lettered([...new Set(lines.map(({ node }) => look.nodes[node]!.id))]);
    if ('lost' in pictures) return pictures;
    const now: Sight = { look, lines, glimpse: pictures.whole };
    if (last !== undefined && !alike(last, now)) return 'it changes when it is looked at';
    const inside = waiting.filter((at) => isInside(now, lines[at]!.stands.bounds));
    const why = await illegible(
      page,
      now,
      pictures,
      inside.map((at) => lines[at]!),
    );
    if (why !== undefined) return why;
    const left = waiting.filter((at) => !inside.includes(at));
    if (left.length === 0) return undefined;
    if (inside.length === 0 && last === undefined)
      return `${quoted(lines[left[0]!]!)} cannot be brought into the window`;
    waiting = left;
  }
}

/** Brings a line into the window. */
async function shows(page: BrowserPage, of: Sought, at: number): Promise<Why> {
  const look = await page.look();
  if ('lost' in look) return look;
  const line = linesSought(look, of)[at];
  if (line === undefined) return undefined;
  await page.act({ do: 'show', node: look.nodes[line.node]!.id, part: line.stands.bounds });
  return undefined;
}

function isInside({ look, glimpse }: Sight, { x, y, width, height }: Box): boolean {
  const [left, top] = [Math.floor(x - glimpse.x), Math.floor(y - glimpse.y)];
  const [right, bottom] = [Math.ceil(x + width - glimpse.x), Math.ceil(y + height - glimpse.y)];
  return left >= 0 && top >= 0 && right <= look.viewport.width && bottom <= look.viewport.height;
}

const linesSought = (look: PageLook, { expected, values }: Sought): SeenText[] =>
  linesIn(look, [...new Set(targetsShown(expected).flatMap((one) => find(look, one, values)))]).filter(
    (line) => !isOrnament(line),
  );

/** A bullet, which is no answer to anything. */
const isOrnament = ({ text, stands }: SeenText): boolean => stands.made === 'marker' && !/[\p{L}\p{N}]/u.test(text);

/** Of expectations that are met by something that stands there. */
const targetsShown = (expected: readonly Expectation[]): Target[] =>
  expected.flatMap(({ expect }) => (SHOWS.has(expect.that) && 'of' in expect ? [expect.of] : []));
const SHOWS: ReadonlySet<Assertion['that']> = new Set(['present', 'count', 'text', 'text-includes', 'texts']);

/** Whether what was used, and is still there, can be told from what is around it. */
async function untold(page: BrowserPage, { acted, values }: Sought): Promise<Why> {
  const targets = new Map(acted.flatMap((one) => ('on' in one ? [[inWords(one.on), one.on]] : [])));
  let now = await seen(page, () => []);
  for (const [words, target] of targets) {
    if ('lost' in now) return now;
    const [control] = find(now.look, target, values);
    if (control === undefined) continue;
    if (!isInside(now, control.box!)) {
      await page.act({ do: 'show', node: control.id, part: control.box! });
      now = await seen(page, () => []);
      if ('lost' in now) return now;
    }
    const [shown] = find(now.look, target, values);
    if (shown !== undefined && isEven(shown, now.glimpse)) return `${words} cannot be told from what is around it`;
  }
  return undefined;
}

function isEven({ box }: SeenNode, { png, x, y }: Glimpse): boolean {
  const { width, height } = box!;
  const around = { x: box!.x - x - EDGE, y: box!.y - y - EDGE, width: width + 2 * EDGE, height: height + 2 * EDGE };
  return inkShare(cropped(pixelsOf(png), around)) < LEAST_INK;
}
