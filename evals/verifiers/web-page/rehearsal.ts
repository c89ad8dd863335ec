// How a scenario is played, by version: as it is written; or also by another hand, in windows of other sizes, and up to other points, so
// that a page which works for a judge alone, or shows its answers only where it is looked at, does not know when that is. Pure.
import { createRandom } from '../../../policies/random.ts';
import { sha256Of } from '../gates.ts';
import { type Action, isExpectation, type LayoutCheck, type Scenario, type Step } from './check.ts';

export interface Rehearsal {
  /** Whole, or up to what some of its actions bring about. */
  readonly scenario: Scenario;
  /** Which inputs are drawn. */
  readonly draw: number;
  /** Milliseconds that a hand takes for a key; missing: none. */
  readonly pace?: number;
  /** How long what it ends with has to stay while it is looked at as a reader would; missing: nobody looks. */
  readonly dwellMs?: number;
}

/** Of a scenario with more turns than these, the secret says at which it is looked. */
const MOST_LOOKS = 2;
const PACE_MS = { least: 40, more: 60 };
/** Of an answer that somebody reads; and of one that somebody thinks about. */
const DWELL_MS = { least: 300, more: 200 };
const LONGER_MS = 1_200;
/** Pixels by which a window is larger than the task says, at most. */
const WIDER = 24;
const HIGHER = 80;
/** Of a phone's, a page that was made for its width still has to fit. */
const WIDER_LAYOUT = 12;

/** web-page@2 */
export const asWritten = (scenario: Scenario, draws: number): Rehearsal[] =>
  Array.from({ length: draws }, (_, draw) => ({ scenario, draw }));

/**
 * From web-page@3 on. Each ends with a look. Of those that are whole one has the window that is written, one the hand that takes no time,
 * and one is looked at for longer: which, the secret says of each on its own. Those that end sooner have any window and any hand.
 */
export function rehearsed(scenario: Scenario, draws: number, secret: string): Rehearsal[] {
  const random = createRandom(sha256Of(`rehearsals of a page\n${secret}\n${JSON.stringify(scenario)}`), 0);
  const larger = (of: Scenario): Scenario => ({
    ...of,
    viewport: {
      width: of.viewport.width + 1 + random.below(WIDER),
      height: of.viewport.height + 1 + random.below(HIGHER),
    },
  });
  const pace = (): number => PACE_MS.least + random.below(PACE_MS.more);
  const dwell = (): number => DWELL_MS.least + random.below(DWELL_MS.more);
  const times = Math.max(2, draws);
  const [written, atOnce, longer] = [random.below(times), random.below(times), random.below(times)];
  const whole = Array.from(
    { length: times },
    (_, draw): Rehearsal => ({
      scenario: draw === written ? scenario : larger(scenario),
      draw,
      ...(draw === atOnce ? {} : { pace: pace() }),
      dwellMs: dwell() + (draw === longer ? LONGER_MS : 0),
    }),
  );
  const ends = turnsOf(scenario.steps).slice(0, -1);
  const chosen: number[] = [];
  while (ends.length > 0 && chosen.length < MOST_LOOKS) chosen.push(...ends.splice(random.below(ends.length), 1));
  const parts = chosen.map((end, index): Rehearsal => {
    const part = { ...scenario, steps: scenario.steps.slice(0, end + 1) };
    return {
      scenario: random.below(2) === 0 ? part : larger(part),
      draw: times + index,
      ...(random.below(2) === 0 ? {} : { pace: pace() }),
      dwellMs: dwell(),
    };
  });
  return [...whole, ...parts];
}

/** A window to lay a page out in, and the hand that uses it there. */
export interface Sized {
  readonly viewport: LayoutCheck['viewports'][number];
  readonly pace?: number;
}

/** web-page@2 */
export const asGiven = (viewports: LayoutCheck['viewports']): Sized[] => viewports.map((viewport) => ({ viewport }));

/** From web-page@3 on: each a little larger than a page could expect. */
export function sized(viewports: LayoutCheck['viewports'], secret: string): Sized[] {
  const random = createRandom(sha256Of(`windows of a page\n${secret}`), 0);
  return viewports.map(({ width, height }) => ({
    viewport: { width: width + 1 + random.below(WIDER_LAYOUT), height: height + 1 + random.below(HIGHER) },
    ...(random.below(2) === 0 ? {} : { pace: PACE_MS.least + random.below(PACE_MS.more) }),
  }));
}

/** Where expectations end that actions brought about. */
const turnsOf = (steps: readonly Step[]): number[] =>
  steps.flatMap((one, at) => {
    if (!isExpectation(one) || (steps[at + 1] !== undefined && isExpectation(steps[at + 1]!))) return [];
    return endsWith(steps.slice(0, at + 1)).some(({ before }) => before === 'not') ? [at] : [];
  });

/** The expectations that steps end with; none where they end with an action. */
export const endsWith = (steps: readonly Step[]) =>
  steps.slice(steps.findLastIndex((one) => !isExpectation(one)) + 1).filter(isExpectation);

export const actionsOf = (steps: readonly Step[]): Action[] =>
  steps.filter((one): one is Action => !isExpectation(one));
