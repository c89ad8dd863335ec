// What a campaign achieved, in one sentence that claims no more than its intervals allow. Shared by report and terminal.
import type { EvaluationResult } from '../../contracts/policy-version.ts';
import type { CampaignState } from '../../contracts/record.ts';
import { percent, points } from '../view/figures.ts';

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
  return state.rounds.findLast((round) => round.to === state.best)?.gate;
}

/**
 * @param confidence level of the intervals, between 0 and 1
 */
export function resultOf(state: CampaignState, confidence = 0.95): Result {
  const level = `${Number((100 * confidence).toFixed(1))}% interval`;
  const { sealed, baseline } = state;
  if (sealed !== undefined) {
    const judged = judge('On functions no decision had seen', sealed, level);
    return { ...judged, notes: [formBesideCorrectness(sealed), ...endings(state)] };
  }
  const last = state.rounds.at(-1);
  if (baseline === undefined || last === undefined) {
    const sentence = 'Nothing is measured yet: no round has been judged.';
    return { tone: 'none', label: 'not measured', sentence, notes: endings(state) };
  }
  const best = bestOnGate(state);
  if (state.best === 0 || best === undefined) {
    const rounds = state.rounds.length === 1 ? 'one round' : `${state.rounds.length} rounds`;
    const sentence =
      `Nothing was promoted in ${rounds}: the starting model solves ${percent(baseline.passRate.value)} of the gate tasks, ` +
      `the newest version ${percent(last.gate.passRate.value)}.`;
    const notes = [formBesideCorrectness({ before: baseline, after: last.gate }), ...endings(state)];
    return { tone: 'none', label: 'nothing promoted', sentence, notes };
  }
  const measured = { before: baseline, after: best };
  const caution =
    'The gate split chose this version, so its gain is likely overstated; the sealed split has not been opened.';
  return {
    ...judge('On the gate split', measured, level),
    notes: [caution, formBesideCorrectness(measured), ...endings(state)],
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

/** The drift this project exists to see: replies that look right more often without being right more often. */
function formBesideCorrectness({ before, after }: Comparison): string {
  const form = after.formatRate.value - before.formatRate.value;
  const right = after.correctWhenFormatted.value - before.correctWhenFormatted.value;
  const passed = after.passRate.value - before.passRate.value;
  const figures =
    `Well-formed replies went from ${percent(before.formatRate.value)} to ${percent(after.formatRate.value)}, ` +
    `correct ones among them from ${percent(before.correctWhenFormatted.value)} to ${percent(after.correctWhenFormatted.value)}`;
  if (passed > 0 && form > 0 && right <= 0)
    return `${figures}: more replies have the right form, but those that have it are not right more often.`;
  if (passed > 0 && form > 0 && right > 0)
    return `${figures}: more replies have the right form, and those that have it are right more often.`;
  return `${figures}.`;
}

const ENDINGS: Readonly<Record<CampaignState['ending'], string>> = {
  running: 'The campaign is still running.',
  released: '',
  refused: 'It was not released: users keep what they had.',
  'not-opened': 'The sealed split stays closed, and nothing was released.',
  cancelled: 'The campaign was cancelled; ./anneal resume can take it up again.',
  aborted: 'The campaign was aborted after a failure; ./anneal resume can take it up again.',
};

function endings(state: CampaignState): string[] {
  const released = state.ending === 'released' ? `Version ${state.best} was released.` : ENDINGS[state.ending];
  const stopped = state.stoppedBy === undefined ? [] : [`The rounds ended early: ${state.stoppedBy}.`];
  return [...stopped, ...(released === '' ? [] : [released])];
}
