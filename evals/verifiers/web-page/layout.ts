// How a page looks: rules over what its engine laid out and over the pixels it painted.
import type { BrowserPage, PageLook, PageLost, SeenNode } from '../../../contracts/browser.ts';
import { sha256Of } from '../gates.ts';
import { inkShare, letterContrast } from '../rendered/colours.ts';
import { cropped, type Pictured, pictured } from '../rendered/png.ts';
import type { LayoutCheck, Rule, Target } from './check.ts';
import { find, inWords, linesIn } from './find.ts';
import type { Values } from './inputs.ts';
import { act, type Stage, until } from './play.ts';
import { atRest } from './rest.ts';

/** Rounding of the engine, pixels. */
const SLACK = 1;
/** Smoothed edges take a little of a letter's colour. */
const CONTRAST_SLACK = 0.9;
const LEAST_INK = 0.002;
/** Lines that are measured of each target: the rest look alike. */
const MOST_LINES = 8;

export interface Laid {
  readonly viewport: string;
  readonly picture: string;
  readonly broken: readonly { readonly rule: string; readonly saw: string }[];
  readonly page: BrowserPage;
}

/** One viewport. */
export async function layOut(
  { steps, rules }: LayoutCheck,
  viewport: LayoutCheck['viewports'][number],
  stage: Stage,
): Promise<Laid | PageLost> {
  const page = await stage.open(stage.entry, viewport);
  if ('lost' in page) return page;
  const broken: { rule: string; saw: string }[] = [];
  for (const step of steps) {
    const done = await act(page, step, stage);
    if ('lost' in done) return done;
    if (!done.ok) broken.push({ rule: done.step, saw: done.saw });
  }
  // What comes of the steps may take its time; a rule about what is not there yet would say nothing of how it looks.
  const there = (look: PageLook): boolean =>
    rules.flatMap(targetsOf).every((one) => find(look, one, stage.values).length > 0);
  const look = await until(
    stage.patienceMs,
    () => page.look(),
    (now) => 'lost' in now || there(now),
  );
  if ('lost' in look) return look;
  const rested = stage.steady === true ? await standing(page, rules, stage) : look;
  if ('lost' in rested) return rested;
  const taken = await page.pictures();
  if ('lost' in taken) return taken;
  const pictures = pictured(taken);
  for (const rule of rules) {
    const saw = violation(rule, rested, pictures, stage.values);
    if (saw !== undefined) broken.push({ rule: ruleWords(rule), saw });
  }
  return { viewport: `${viewport.width}×${viewport.height}`, picture: sha256Of(taken.whole), broken, page };
}

/** How long a layout has to stay as it is. */
const DWELL_MS = 200;

/** What slides in may lie beside the page, or over something, until it stands; what never stands is judged as it is. */
async function standing(page: BrowserPage, rules: readonly Rule[], stage: Stage): Promise<PageLook | PageLost> {
  const targets = rules.flatMap(targetsOf);
  const linesOf = (look: PageLook) =>
    linesIn(
      look,
      targets.flatMap((one) => find(look, one, stage.values)),
    );
  const missing = async () => undefined;
  const rested = await atRest(page, { dwellMs: DWELL_MS, patienceMs: stage.patienceMs, linesOf, missing });
  if ('lost' in rested) return rested;
  return 'restless' in rested ? page.look() : rested.look;
}

const targetsOf = (rule: Rule): readonly Target[] =>
  rule.rule === 'fits' ? [] : rule.rule === 'apart' ? rule.of : [rule.of];

/** Undefined where the rule holds. */
function violation(rule: Rule, look: PageLook, pictures: Pictured, values: Values): string | undefined {
  if (rule.rule === 'fits') {
    const wide = look.page.width - look.viewport.width;
    return wide > SLACK ? `the page is ${Math.round(wide)} pixels wider than the window` : undefined;
  }
  const meant = targetsOf(rule).map((target) => ({ target, nodes: find(look, target, values) }));
  const missing = meant.find(({ nodes }) => nodes.length === 0);
  if (missing !== undefined) return `there is no ${inWords(missing.target)} to be seen`;
  const nodes = meant.flatMap(({ nodes: some }) => some);
  switch (rule.rule) {
    case 'apart':
      return overlapping(meant);
    case 'size': {
      const small = nodes.find(({ box }) => box!.width + SLACK < rule.width || box!.height + SLACK < rule.height);
      return small === undefined ? undefined : `${rounded(small.box!.width)}×${rounded(small.box!.height)} pixels`;
    }
    case 'uncut': {
      const cut = nodes.find(({ overflow }) => overflow.x > SLACK || overflow.y > SLACK);
      if (cut !== undefined)
        return `its content is ${rounded(cut.overflow.x)}×${rounded(cut.overflow.y)} pixels too large`;
      const aside = nodes.find(({ box }) => box!.x + box!.width > look.viewport.width + SLACK);
      return aside === undefined ? undefined : 'it reaches beyond the window';
    }
    case 'contrast':
      return contrast(rule.atLeast, look, nodes, pictures);
    case 'painted': {
      const even = nodes.find(({ box }) => inkShare(cropped(pictures.whole, box!)) < LEAST_INK);
      return even === undefined ? undefined : 'one even colour';
    }
  }
}

function contrast(
  atLeast: number,
  look: PageLook,
  nodes: readonly SeenNode[],
  { whole, unlettered }: Pictured,
): string | undefined {
  const lines = linesIn(look, nodes);
  if (lines.length === 0) return 'it has no text to be seen';
  for (const line of lines.slice(0, MOST_LINES)) {
    const found = letterContrast(cropped(whole, line.box), cropped(unlettered, line.box));
    if (found < atLeast * CONTRAST_SLACK) return `${found.toFixed(1)} at “${line.text.trim().slice(0, 60)}”`;
  }
  return undefined;
}

function overlapping(meant: readonly { target: Target; nodes: readonly SeenNode[] }[]): string | undefined {
  const all = meant.flatMap(({ target, nodes }) => nodes.map((node) => ({ target, box: node.box! })));
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) {
      const wide =
        Math.min(one.box.x + one.box.width, other.box.x + other.box.width) - Math.max(one.box.x, other.box.x);
      const high =
        Math.min(one.box.y + one.box.height, other.box.y + other.box.height) - Math.max(one.box.y, other.box.y);
      if (wide > SLACK && high > SLACK)
        return `${inWords(one.target)} and ${inWords(other.target)} overlap by ${rounded(wide)}×${rounded(high)} pixels`;
    }
  }
  return undefined;
}

const rounded = (value: number): number => Math.round(value);

const ruleWords = (rule: Rule): string => `${rule.rule} ${targetsOf(rule).map(inWords).join(' | ')}`.trim();
