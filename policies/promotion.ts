// The promotion rule of a round, and what is recommended at the two gates that end a campaign.
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { EvaluationResult, Verdict } from '../contracts/policy-version.ts';

/** Well-formed replies that a comparison of their correctness takes, on each side. */
const MIN_WELL_FORMED = 10;

export interface RuledVerdict {
  readonly verdict: Verdict;
  /** One plain sentence with the numbers it rests on. */
  readonly why: string;
}

/**
 * The verdict on a round's candidate, by gate-split pass rates.
 *
 * gain = candidate − best. revert: gain < −maxDrop. promote: gain reaches minGain, and exceeds it when minGain ≤ 0 (standing
 * still is no gain). ask: it would be promoted, but correctness among well-formed replies lies more than
 * maxCorrectnessDrop below version 0's: the format was learnt at the cost of the answers. hold: anything else.
 * A rate over fewer than 10 well-formed replies is no measure of correctness (a starting model may have formed one, rightly).
 * Point estimates decide; the intervals are for the reader (small sets cannot certify small gains).
 */
export function decideVerdict(
  rule: CampaignSpec['promotion'],
  measured: { readonly best: EvaluationResult; readonly latest: EvaluationResult; readonly baseline: EvaluationResult },
): RuledVerdict {
  const { best, latest, baseline } = measured;
  if (latest.passRate.n === 0 || best.passRate.n === 0) {
    return { verdict: 'hold', why: 'No gate rollout of the candidate or of the best version was graded.' };
  }
  const gain = latest.passRate.value - best.passRate.value;
  const rates = `gate pass rate ${percent(latest.passRate.value)} against ${percent(best.passRate.value)} of ${best.policy} (${points(gain)})`;
  if (below(gain, -rule.maxDrop)) {
    return { verdict: 'revert', why: `Reverted: ${rates}; a fall of more than ${plain(rule.maxDrop)} reverts.` };
  }
  const enough = rule.minGain > 0 ? !below(gain, rule.minGain) : below(rule.minGain, gain);
  if (!enough) {
    const needed = rule.minGain > 0 ? `at least ${points(rule.minGain)}` : `more than ${points(rule.minGain)}`;
    return { verdict: 'hold', why: `Held: ${rates}; promotion needs ${needed}.` };
  }
  const drop = baseline.correctWhenFormatted.value - latest.correctWhenFormatted.value;
  const comparable = Math.min(baseline.correctWhenFormatted.n, latest.correctWhenFormatted.n) >= MIN_WELL_FORMED;
  if (comparable && below(rule.maxCorrectnessDrop, drop)) {
    return {
      verdict: 'ask',
      why: `A human is asked: ${rates}, but correctness among well-formed replies fell from ${percent(
        baseline.correctWhenFormatted.value,
      )} to ${percent(latest.correctWhenFormatted.value)}, more than the ${plain(rule.maxCorrectnessDrop)} allowed.`,
    };
  }
  return { verdict: 'promote', why: `Promoted: ${rates}.` };
}

/** Options of the gate `open-sealed`; the second is safe. */
export const OPEN_SEALED_OPTIONS = [
  { name: 'open', effect: 'The sealed split is read once, for version 0 and the best version; the opening is spent.' },
  { name: 'keep', effect: 'The sealed split stays unread and the campaign ends without a release.' },
] as const;

/** Options of the gate `release`; the second is safe. */
export const RELEASE_OPTIONS = [
  { name: 'release', effect: 'A signed release manifest is written and users get this policy version.' },
  { name: 'keep', effect: 'Nothing is released; what users get does not change.' },
] as const;

export interface Recommendation<Option extends string> {
  readonly recommended: Option;
  readonly safe: 'keep';
  readonly why: string;
}

/**
 * Whether to spend the one look at the sealed split. Without a promoted version it cannot confirm a gain, but it is the only
 * unbiased sight of the drift that training caused; the task set is the campaign's own, so nobody else loses by it.
 * @param openingsLeft openings that the budget still allows for this task set
 */
export function recommendOpenSealed(measured: {
  readonly bestVersion: number;
  readonly best: EvaluationResult;
  readonly baseline: EvaluationResult;
  readonly openingsLeft: number;
}): Recommendation<'open' | 'keep'> {
  const { best, baseline, bestVersion, openingsLeft } = measured;
  const rates = `${percent(best.passRate.value)} of the gate split against ${percent(baseline.passRate.value)} of version 0`;
  if (openingsLeft < 1) return { recommended: 'keep', safe: 'keep', why: 'The budget of sealed openings is spent.' };
  if (bestVersion < 1) {
    return {
      recommended: 'open',
      safe: 'keep',
      why: `No version was promoted (${rates}); the sealed split shows how far training moved the policy on unseen functions.`,
    };
  }
  return {
    recommended: 'open',
    safe: 'keep',
    why: `${best.policy} solves ${rates}; the sealed split tells whether that holds on functions no decision was based on.`,
  };
}

/** Release only what did not get worse on tasks that no decision was based on. */
export function recommendRelease(measured: {
  readonly bestVersion: number;
  readonly sealed: { readonly before: EvaluationResult; readonly after: EvaluationResult };
}): Recommendation<'release' | 'keep'> {
  const { before, after } = measured.sealed;
  const rates = `sealed pass rate ${percent(after.passRate.value)} against ${percent(before.passRate.value)} of version 0`;
  if (measured.bestVersion < 1) {
    return {
      recommended: 'keep',
      safe: 'keep',
      why: 'No version was promoted: a release would change nothing for users.',
    };
  }
  if (after.passRate.n === 0 || before.passRate.n === 0) {
    return { recommended: 'keep', safe: 'keep', why: 'No sealed rollout was graded; nothing supports a release.' };
  }
  if (below(after.passRate.value, before.passRate.value)) {
    return { recommended: 'keep', safe: 'keep', why: `The improvement did not carry over: ${rates}.` };
  }
  return { recommended: 'release', safe: 'keep', why: `The improvement holds on unseen functions: ${rates}.` };
}

/** Rates are ratios of small counts: differences below this are rounding, for example 0.3 + 0.1 against 0.4. */
const ROUNDING = 1e-9;
const below = (a: number, b: number): boolean => a < b - ROUNDING;

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const plain = (share: number): string => `${(share * 100).toFixed(1)} points`;
const points = (share: number): string => `${share < 0 ? '−' : '+'}${(Math.abs(share) * 100).toFixed(1)} points`;
