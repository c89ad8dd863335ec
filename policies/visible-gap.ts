// The gap between what a campaign trains on and what it is judged by: a rise on the visible split alone is no progress.
import type { GapProgress } from '../contracts/certified.ts';
import type { Estimate } from '../contracts/policy-version.ts';
import { counted, gained, points } from './wording.ts';

export interface GapRule {
  /** Promotion is frozen once the gap is shown to be larger. */
  readonly limit: number;
  /** Rounds in a row, with a measured gap of at most the limit, after which it thaws. */
  readonly thawAfter: number;
}

export const GAP_RULE: GapRule = { limit: 0.05, thawAfter: 3 };

/** One round, both as gain over version 0 on the same split: that some splits are easier than others then cancels out. */
export interface GapRound {
  readonly round: number;
  readonly visible: Estimate;
  /** Of the gate split, or of the sealed one where it was opened. */
  readonly held: Estimate;
}

export interface Gap {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface GapState {
  readonly frozen: boolean;
  /** The newest round's; absent before any. */
  readonly gap?: Gap;
  /** The round that froze promotion last. */
  readonly since?: number;
  /** When it froze, and when it thaws. */
  readonly why: string;
  /** What later rounds are judged with once these are not at hand any more. */
  readonly progress: GapProgress;
}

/**
 * visible − held with its interval from the two estimates' intervals, by the method of variance estimates recovery: low = gap −
 * √((v − v_low)² + (h_high − h)²) (Zou and Donner, Statistics in Medicine 27 (2008) 1693–1702; for Wilson's intervals Newcombe's method 10,
 * the same journal 17 (1998) 873–890). The splits share no family, so the estimates are independent.
 */
export function gapBetween(visible: Estimate, held: Estimate): Gap {
  const value = visible.value - held.value;
  return {
    value,
    low: value - Math.hypot(visible.value - visible.low, held.high - held.value),
    high: value + Math.hypot(visible.high - visible.value, held.value - held.low),
  };
}

/**
 * Frozen from the round whose lower bound passes the limit, until `thawAfter` rounds in a row measured at most the limit. The
 * limit, not the confidence, pays for looking every round: an honest campaign would have to seem worse by limit and bound at once.
 * @param rounds of one campaign, oldest first; the same rounds always give the same state, at once or in parts
 * @param before the progress after the rounds before these
 */
export function gapState(
  rounds: readonly GapRound[],
  rule: GapRule = GAP_RULE,
  before: GapProgress = { calm: 0 },
): GapState {
  let { since, calm } = before;
  for (const { round, visible, held } of rounds) {
    const { value, low } = gapBetween(visible, held);
    calm = value <= rule.limit ? calm + 1 : 0;
    if (low > rule.limit) since = round;
    else if (calm >= rule.thawAfter) since = undefined;
  }
  const progress: GapProgress = { calm, ...(since === undefined ? {} : { since }) };
  const newest = rounds.at(-1);
  if (newest === undefined) {
    const why = since === undefined ? 'No round has measured the gap yet.' : `Frozen since round ${since}.`;
    return { frozen: since !== undefined, why, progress };
  }
  const gap = gapBetween(newest.visible, newest.held);
  const what = `Round ${newest.round}: ${gained(newest.visible.value)} on the visible split against ${gained(newest.held.value)} on the held-out one, a gap of ${points(gap.value)} (${points(gap.low)} to ${points(gap.high)})`;
  if (since === undefined)
    return { frozen: false, gap, why: `${what}, not shown to exceed ${points(rule.limit)}.`, progress };
  const left = rule.thawAfter - Math.min(calm, rule.thawAfter);
  return {
    frozen: true,
    gap,
    since,
    progress,
    why: `${what}; round ${since} showed more than ${points(rule.limit)}. It thaws after ${counted(left, 'more round')} in a row with a gap of at most ${points(rule.limit)}.`,
  };
}
