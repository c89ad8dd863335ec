// Whether a reader sees what a scenario found: in the very page that it was found in, by its pixels. A style that hides it there, and shows
// it wherever else one looks, gains nothing.
import type { BrowserPage, PageLook, PageLost, SeenNode } from '../../../contracts/browser.ts';
import { inkShare, letterContrast } from '../rendered/colours.ts';
import { cropped, pictured } from '../rendered/png.ts';
import type { Action, Assertion, Expectation, Target } from './check.ts';
import { find, inWords, linesIn } from './find.ts';
import type { Values } from './inputs.ts';

/** Of letters that are there to be read; a task that wants more says so in its layout. */
const LEAST_CONTRAST = 2;
/** CSS pixels that a line is high. */
const LEAST_HEIGHT = 7;
/** Of a control and its edge: less is one even colour. */
const LEAST_INK = 0.002;
const EDGE = 3;
const MOST_LINES = 12;

/** Comes last: the page's scripts do not run any more. @returns what cannot be seen, in words */
export async function unseen(
  page: BrowserPage,
  of: { readonly expected: readonly Expectation[]; readonly acted: readonly Action[]; readonly values: Values },
): Promise<string | undefined | PageLost> {
  const look = await page.look();
  if ('lost' in look) return look;
  const lines = linesIn(look, [...new Set(targetsShown(of.expected).flatMap((one) => find(look, one, of.values)))]);
  const quoted = (text: string): string => `“${text.trim().slice(0, 60)}”`;
  const garbled = lines.find((line) => line.garbled !== undefined);
  if (garbled !== undefined) return `${quoted(garbled.text)} is ${garbled.garbled}`;
  const small = lines.find(({ box }) => box.height < LEAST_HEIGHT);
  if (small !== undefined) return `${quoted(small.text)} is ${small.box.height.toFixed(1)} pixels high`;
  const owners = new Set(lines.map(({ node }) => look.nodes[node]!.id));
  const brought = await page.broughtFonts([...owners]);
  if ('lost' in brought) return brought;
  const foreign = lines.find(({ node }) => brought.has(look.nodes[node]!.id));
  if (foreign !== undefined) return `${quoted(foreign.text)} is painted by a font that the page brought along`;
  const taken = await page.pictures();
  if ('lost' in taken) return taken;
  const { whole, unlettered } = pictured(taken);
  for (const line of lines.slice(0, MOST_LINES)) {
    const found = letterContrast(cropped(whole, line.box), cropped(unlettered, line.box));
    if (found < LEAST_CONTRAST) return `${quoted(line.text)} has a contrast of ${found.toFixed(1)}`;
  }
  for (const { target, node } of controlsIn(look, of)) {
    const { x, y, width, height } = node.box!;
    const around = { x: x - EDGE, y: y - EDGE, width: width + 2 * EDGE, height: height + 2 * EDGE };
    if (inkShare(cropped(whole, around)) < LEAST_INK) return `${inWords(target)} cannot be told from what is around it`;
  }
  return undefined;
}

/** Of expectations that are met by something that stands there. */
const targetsShown = (expected: readonly Expectation[]): Target[] =>
  expected.flatMap(({ expect }) => (SHOWS.has(expect.that) && 'of' in expect ? [expect.of] : []));
const SHOWS: ReadonlySet<Assertion['that']> = new Set(['present', 'count', 'text', 'text-includes', 'texts']);

/** Those that were used and are still there. */
function controlsIn(
  look: PageLook,
  { acted, values }: { readonly acted: readonly Action[]; readonly values: Values },
): { target: Target; node: SeenNode }[] {
  const targets = acted.flatMap((one) => ('on' in one ? [one.on] : []));
  return targets.flatMap((target) =>
    find(look, target, values)
      .slice(0, 1)
      .map((node) => ({ target, node })),
  );
}
