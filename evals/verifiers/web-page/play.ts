// Playing a scenario in a page: acting as a user would, looking after each step. What a scenario expects must not have held before.
import type { BrowserPage, OpenPage, PageAct, PageLook, PageLost, SeenNode } from '../../../contracts/browser.ts';
import { check } from './assertion.ts';
import {
  type Action,
  type Assertion,
  type Expectation,
  isExpectation,
  type Scenario,
  type Step,
  type Target,
} from './check.ts';
import { find, inWords } from './find.ts';
import { filledIn, type Values } from './inputs.ts';

/** What became of one step, in the same words at every judgement. */
export interface PlayedStep {
  readonly step: string;
  readonly saw: string;
  readonly ok: boolean;
}

export interface Played {
  readonly steps: readonly PlayedStep[];
  /** What the page came to be, for its events. */
  readonly page: BrowserPage;
}

export interface Stage {
  readonly open: OpenPage;
  readonly entry: string;
  readonly values: Values;
  readonly patienceMs: number;
  /** Milliseconds that a hand takes for a key; missing: none, as no user's does. */
  readonly pace?: number;
  /** Whether what moves is used only where it has come to stand, as a hand would wait for it. */
  readonly steady?: boolean;
}

/** Ends with the first step that is not ok. */
export async function play({ viewport, steps }: Scenario, stage: Stage): Promise<Played | PageLost> {
  const page = await stage.open(stage.entry, viewport);
  if ('lost' in page) return page;
  const played: PlayedStep[] = [];
  for (let at = 0; at < steps.length; at += 1) {
    const current = steps[at]!;
    if (!isExpectation(current) && startsBlock(steps, at)) {
      const before = await holdsAlready(page, current, expectedAfter(steps, at), stage);
      if (before !== undefined) {
        if ('lost' in before) return before;
        return { steps: [...played, before], page };
      }
    }
    const done = isExpectation(current)
      ? await expectSoon(page, current.expect, stage)
      : await act(page, current, stage);
    if ('lost' in done) return done;
    played.push(done);
    if (!done.ok) break;
  }
  return { steps: played, page };
}

const startsBlock = (steps: readonly Step[], at: number): boolean => at === 0 || isExpectation(steps[at - 1]!);

/** What stands between this block of actions and the next. */
function expectedAfter(steps: readonly Step[], at: number): Expectation[] {
  const first = steps.findIndex((one, index) => index > at && isExpectation(one));
  if (first === -1) return [];
  const rest = steps.slice(first);
  const end = rest.findIndex((one) => !isExpectation(one));
  return rest.slice(0, end === -1 ? undefined : end).filter(isExpectation);
}

/** The negative control, once the page has what will be acted on. */
async function holdsAlready(
  page: BrowserPage,
  first: Action,
  expected: readonly Expectation[],
  stage: Stage,
): Promise<PlayedStep | PageLost | undefined> {
  if ('on' in first) {
    const there = await awaited(page, first.on, stage);
    if (there !== undefined && 'lost' in there) return there;
  }
  for (const { expect, before } of expected) {
    if (before === 'any') continue;
    const now = await check(expect, page, stage.values);
    if ('lost' in now) return now;
    if (now.holds) return { step: `before: ${assertionWords(expect)}`, saw: `it held already: ${now.saw}`, ok: false };
  }
  return undefined;
}

async function expectSoon(page: BrowserPage, assertion: Assertion, stage: Stage): Promise<PlayedStep | PageLost> {
  const last = await until(
    stage.patienceMs,
    () => check(assertion, page, stage.values),
    (now) => 'lost' in now || now.holds,
  );
  return 'lost' in last ? last : { step: `expect ${assertionWords(assertion)}`, saw: last.saw, ok: last.holds };
}

/** A page that draws itself anew all the time is reached for so many times. */
const MOST_TRIES = 6;

export async function act(page: BrowserPage, action: Action, stage: Stage): Promise<PlayedStep | PageLost> {
  const step = actionWords(action);
  for (let tries = 1; ; tries += 1) {
    const ready = await prepared(page, action, stage);
    if ('lost' in ready) return ready;
    if ('saw' in ready) return { step, saw: ready.saw, ok: false };
    const why = await page.act(ready.act);
    if (why === undefined) return { step, saw: 'done', ok: true };
    // Whether it was the element or the whole page, the next look tells.
    const look = await page.look();
    if ('lost' in look) return look;
    // Nothing was done yet. What was drawn anew in the meantime has its like in the same place, and a user reaches for that.
    if (tries === MOST_TRIES || !isReplaced(ready.act, look)) return { step, saw: why, ok: false };
  }
}

const isReplaced = (act: PageAct, { nodes }: PageLook): boolean =>
  'node' in act && !nodes.some(({ id }) => id === act.node);

async function prepared(
  page: BrowserPage,
  action: Action,
  stage: Stage,
): Promise<{ act: PageAct } | { saw: string } | PageLost> {
  switch (action.do) {
    case 'click':
    case 'fill': {
      const node = await awaited(page, action.on, stage);
      if (node === undefined) return { saw: `there is no ${inWords(action.on)} to be seen` };
      if ('lost' in node) return node;
      if (node.states.includes('disabled')) return { saw: 'it is disabled' };
      return {
        act: {
          ...(stage.pace === undefined ? {} : { pace: stage.pace }),
          ...(action.do === 'click'
            ? { do: 'click', node: node.id, count: action.count }
            : { do: 'fill', node: node.id, text: filledIn(action.text, stage.values) }),
        },
      };
    }
    case 'navigate':
      return { act: { do: 'navigate', to: filledIn(action.to, stage.values) } };
    default:
      return { act: action };
  }
}

/** The first that is meant, as soon as it can be seen, and used. */
async function awaited(
  page: BrowserPage,
  target: Target,
  { values, patienceMs, steady = false }: Stage,
): Promise<SeenNode | PageLost | undefined> {
  let last: string | undefined;
  let stands = false;
  return until(
    patienceMs,
    async () => {
      const look = await page.look();
      if ('lost' in look) return look;
      const [found] = find(look, target, values);
      const place = JSON.stringify([found?.id, found?.box]);
      stands = !steady || place === last;
      last = place;
      return found;
    },
    (found) => found !== undefined && ('lost' in found || stands),
  );
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 250;
/** On a busy machine looks take longer, and so does the page: patience is also counted in looks. */
const LEAST_LOOKS = 6;

/** Looks until it is enough, or for as long as the page is given. */
export async function until<T>(patienceMs: number, look: () => Promise<T>, enough: (seen: T) => boolean): Promise<T> {
  const end = performance.now() + patienceMs;
  let pause = FIRST_PAUSE_MS;
  for (let looks = 1; ; looks += 1) {
    const late = performance.now() >= end && looks >= LEAST_LOOKS;
    const seen = await look();
    if (late || enough(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

export function actionWords(action: Action): string {
  switch (action.do) {
    case 'click':
      return `click ${inWords(action.on)}`;
    case 'fill':
      return `fill ${inWords(action.on)} with “${action.text}”`;
    case 'press':
      return `press ${action.key}`;
    case 'navigate':
      return `go to ${action.to}`;
    case 'wait':
      return `wait ${action.milliseconds} ms`;
    case 'resize':
      return `resize to ${action.viewport.width}×${action.viewport.height}`;
    default:
      return action.do;
  }
}

export function assertionWords(assertion: Assertion): string {
  const of = 'of' in assertion ? inWords(assertion.of) : '';
  const { that, of: _, ...rest } = { of: undefined, ...assertion };
  return [that, of, Object.keys(rest).length === 0 ? '' : JSON.stringify(rest)].filter((part) => part !== '').join(' ');
}
