// What a campaign achieved, in one sentence that claims no more than its intervals allow. Shared by report and terminal.

import type { GateKind, GateResult } from '../../contracts/gate.ts';
import type { PolicyName } from '../../contracts/ids.ts';
import type { EvaluationResult } from '../../contracts/policy-version.ts';
import type { CampaignState } from '../../contracts/record.ts';
import { percent, points } from '../../infra/markup/figures.ts';

/** `better` and `worse` only when the interval excludes zero on the split named. */
export type Tone = 'better' | 'unclear' | 'worse' | 'none';

export interface Result {
  readonly tone: Tone;
  /** A word or two, for badges and listings. */
  readonly label: string;
  readonly sentence: string;
  /** Form beside correctness, what was not confirmed, how it ended: a sentence each. */
  readonly notes: readonly string[];
}

interface Comparison {
  readonly before: EvaluationResult;
  readonly after: EvaluationResult;
}

/** Best version's measurement on the gate split; undefined while nothing was promoted. */
export function bestOnGate(state: CampaignState): EvaluationResult | undefined {
  // A round that trained nothing on version 0 ends `to` it: that is no promotion.
  return state.best === 0 ? undefined : state.rounds.findLast((round) => round.to === state.best)?.gate;
}

/**
 * @param confidence level of the intervals, between 0 and 1
 * @param released the policy of the release manifest; where that is not at hand, what was measured on the sealed split is what
 * the release gate was about
 */
export function resultOf(
  state: CampaignState,
  confidence = 0.95,
  released: PolicyName | null = state.sealed?.after.policy ?? null,
): Result {
  const level = `${Number((100 * confidence).toFixed(1))}% interval`;
  const { sealed, baseline } = state;
  if (sealed !== undefined) {
    const judged = judge('On functions no decision had seen', sealed, level);
    return { ...judged, notes: [formBesideCorrectness(sealed), ...endings(state, released)] };
  }
  const last = state.rounds.at(-1);
  if (baseline === undefined || last === undefined) {
    const start =
      baseline === undefined ? '' : ` The starting model solves ${percent(baseline.passRate.value)} of the gate tasks.`;
    const sentence = `No round has been judged, so there is nothing to compare.${start}`;
    return { tone: 'none', label: 'not measured', sentence, notes: endings(state, released) };
  }
  const best = bestOnGate(state);
  if (best === undefined) {
    const rounds = state.rounds.length === 1 ? 'one round' : `${state.rounds.length} rounds`;
    const sentence =
      `Nothing was promoted in ${rounds}: the starting model solves ${percent(baseline.passRate.value)} of the gate tasks, ` +
      `the newest version ${percent(last.gate.passRate.value)}.`;
    const notes = [formBesideCorrectness({ before: baseline, after: last.gate }), ...endings(state, released)];
    return { tone: 'none', label: 'nothing promoted', sentence, notes };
  }
  const measured = { before: baseline, after: best };
  const caution =
    'The gate split chose this version, so its gain is likely overstated; the sealed split has not been opened.';
  return {
    ...judge('On the gate split', measured, level),
    notes: [caution, formBesideCorrectness(measured), ...endings(state, released)],
  };
}

function judge(where: string, { before, after }: Comparison, level: string): Omit<Result, 'notes'> {
  const rates = `${after.policy} solves ${percent(after.passRate.value)} instead of ${percent(before.passRate.value)}`;
  const gain = after.gain;
  if (gain === undefined || before.passRate.n === 0 || after.passRate.n === 0)
    return {
      tone: 'unclear',
      label: 'not shown',
      sentence: `${where}, ${rates}; no paired interval was computed, so that no gain is shown.`,
    };
  const interval = `${level} ${points(gain.low, { unit: false })} to ${points(gain.high, { unit: false })}`;
  const size = `${(100 * Math.abs(gain.value)).toFixed(1)} points`;
  if (gain.low > 0)
    return { tone: 'better', label: 'improved', sentence: `${where}, ${rates}: a gain of ${size} (${interval}).` };
  if (gain.high < 0)
    return { tone: 'worse', label: 'got worse', sentence: `${where}, ${rates}: a loss of ${size} (${interval}).` };
  return {
    tone: 'unclear',
    label: 'no gain shown',
    sentence: `No improvement is shown: ${lower(where)}, ${rates}, and a difference of ${points(gain.value)} (${interval}) may be chance.`,
  };
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * The drift this project exists to see: replies that look right more often without being right more often. Shares of few
 * replies differ by chance: a change is only told where the intervals lie apart.
 */
function formBesideCorrectness({ before, after }: Comparison): string {
  const [was, is] = [before.correctWhenFormatted, after.correctWhenFormatted];
  const formed = `Well-formed replies went from ${percent(before.formatRate.value)} to ${percent(after.formatRate.value)}`;
  if (was.n === 0 || is.n === 0) return `${formed}: too few to say how many of them are correct.`;
  const figures = `${formed}, correct ones among them from ${percent(was.value)} of ${was.n} to ${percent(is.value)} of ${is.n}`;
  const form = shownChange(before.formatRate, after.formatRate, ['more', 'fewer']);
  const skill = shownChange(was, is, ['more often', 'less often']);
  if (form === undefined && skill === undefined) return `${figures}: neither difference is shown.`;
  if (skill === undefined)
    return `${figures}: ${form} replies have the right form; that those are right more or less often is not shown.`;
  if (form === undefined)
    return `${figures}: those that have the right form are right ${skill}; a change of form is not shown.`;
  const joined = (form === 'more') === (skill === 'more often') ? 'and' : 'but';
  return `${figures}: ${form} replies have the right form, ${joined} those that have it are right ${skill}.`;
}

function shownChange<W extends string>(was: Interval, is: Interval, [more, less]: readonly [W, W]): W | undefined {
  if (is.low > was.high) return more;
  return is.high < was.low ? less : undefined;
}
type Interval = { readonly low: number; readonly high: number };

/** `3` of `quickstart.v3`. */
export const versionOf = (policy: PolicyName): string => policy.slice(policy.lastIndexOf('.v') + 2);

/** How a campaign ended: a few words for a table, and a sentence. */
export function endingOf(
  state: CampaignState,
  released: PolicyName | null,
): { readonly short: string; readonly sentence: string } {
  switch (state.ending) {
    case 'running':
      return { short: 'still running', sentence: 'The campaign is still running.' };
    case 'released': {
      const what = released === null ? 'A version' : `Version ${versionOf(released)}`;
      return { short: 'signed, can be rolled back', sentence: `${what} was released.` };
    }
    case 'refused':
      return REFUSED[howAnswered(state, 'release') ?? 'not asked'];
    case 'not-opened':
      return howAnswered(state, 'open-sealed') === 'expired'
        ? {
            short: 'its gate expired: the sealed split stays closed',
            sentence: 'The gate expired unanswered: the sealed split stays closed, and nothing was released.',
          }
        : {
            short: 'the sealed split stays closed',
            sentence: 'The sealed split stays closed, and nothing was released.',
          };
    case 'cancelled':
      return {
        short: 'the campaign was cancelled',
        sentence: 'The campaign was cancelled; ./anneal resume can take it up again.',
      };
    case 'aborted':
      return {
        short: 'the campaign was aborted',
        sentence: 'The campaign was aborted after a failure; ./anneal resume can take it up again.',
      };
  }
}

const KEPT = 'It was not released: users keep what they had.';
const REFUSED: Readonly<Record<GateResult['how'] | 'not asked', { short: string; sentence: string }>> = {
  decided: { short: 'decided at the release gate', sentence: KEPT },
  automatic: { short: 'the recommendation was followed', sentence: KEPT },
  expired: {
    short: 'the release gate expired',
    sentence: 'The release gate expired unanswered, so nothing was released: users keep what they had.',
  },
  'not asked': {
    short: 'no trained version was left',
    sentence: 'No trained version was left to release: users keep what they had.',
  },
};

function howAnswered({ gates }: CampaignState, kind: GateKind): GateResult['how'] | undefined {
  return gates.findLast((gate) => gate.kind === kind)?.result?.how;
}

function endings(state: CampaignState, released: PolicyName | null): string[] {
  const why = state.stoppedBy?.replace(/\.$/, '');
  const stopped = why === undefined ? [] : [`The rounds ended early: ${why}.`];
  return [...stopped, endingOf(state, released).sentence];
}
