// The promotion rule of a round, and what is recommended at the two gates that end a campaign.
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { PolicyName } from '../contracts/ids.ts';
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
  const doubt = doubtOfCorrectness(rule, { latest, baseline });
  if (doubt !== undefined) return { verdict: 'ask', why: `A human is asked: ${rates}, but ${doubt}.` };
  return { verdict: 'promote', why: `Promoted: ${rates}.` };
}

/** Why a version that would be promoted is a human's to judge: the format may have been learnt at the cost of the answers. */
export function doubtOfCorrectness(
  rule: Pick<CampaignSpec['promotion'], 'maxCorrectnessDrop'>,
  { latest, baseline }: { readonly latest: EvaluationResult; readonly baseline: EvaluationResult },
): string | undefined {
  const [before, after] = [baseline.correctWhenFormatted, latest.correctWhenFormatted];
  const comparable = Math.min(before.n, after.n) >= MIN_WELL_FORMED;
  if (!comparable || !below(rule.maxCorrectnessDrop, before.value - after.value)) return undefined;
  return `correctness among well-formed replies fell from ${percent(before.value)} to ${percent(after.value)}, more than the ${plain(rule.maxCorrectnessDrop)} allowed`;
}

/** Options of the gate `open-sealed`; the second is safe. */
export const openSealedOptions = (candidate: PolicyName) => [
  {
    name: 'open',
    effect: /\.v0$/.test(candidate)
      ? 'The sealed split is read once, for version 0 alone; the opening is spent and nothing can be released.'
      : `The sealed split is read once, for version 0 and ${candidate}; the opening is spent.`,
  },
  { name: 'keep', effect: 'The sealed split stays unread and the campaign ends without a release.' },
];

/** Options of the gate `release`; the second is safe. */
export const releaseOptions = (candidate: PolicyName) => [
  { name: 'release', effect: `A signed release manifest is written and users get ${candidate}.` },
  { name: 'keep', effect: 'Nothing is released; what users get does not change.' },
];

export interface Recommendation<Option extends string> {
  readonly recommended: Option;
  readonly safe: 'keep';
  readonly why: string;
}

/**
 * Whether to spend the one look at the sealed split. Without a promoted version it cannot confirm a gain, but it is the only
 * unbiased sight of the drift that training caused; the task set is the campaign's own, so nobody else loses by it. Version 0
 * against itself shows nothing.
 * @param candidate the version that would be released, 0 when every round was reverted or none trained
 * @param gate the candidate on the gate split
 * @param openingsLeft openings that the budget still allows for this task set
 */
export function recommendOpenSealed(measured: {
  readonly candidate: number;
  readonly bestVersion: number;
  readonly gate: EvaluationResult;
  readonly baseline: EvaluationResult;
  readonly openingsLeft: number;
}): Recommendation<'open' | 'keep'> {
  const { gate, baseline, candidate, bestVersion, openingsLeft } = measured;
  const keep = (why: string) => ({ recommended: 'keep' as const, safe: 'keep' as const, why });
  const open = (why: string) => ({ recommended: 'open' as const, safe: 'keep' as const, why });
  if (candidate < 1)
    return keep(
      'No trained version is left to release: the candidate is version 0, which the sealed split would compare with itself.',
    );
  if (openingsLeft < 1) return keep('The budget of sealed openings is spent.');
  const rates = `${percent(gate.passRate.value)} of the gate split against ${percent(baseline.passRate.value)} of version 0`;
  if (bestVersion < 1)
    return open(
      `No version was promoted: the candidate is the newest one, ${gate.policy}, which solves ${rates}; the sealed split shows how far training moved it on unseen functions.`,
    );
  return open(
    `${gate.policy} solves ${rates}; the sealed split tells whether that holds on functions no decision was based on.`,
  );
}

/** Release only what did not measure worse on tasks that no decision was based on. */
export function recommendRelease(measured: {
  readonly candidate: number;
  readonly bestVersion: number;
  readonly sealed: { readonly before: EvaluationResult; readonly after: EvaluationResult };
}): Recommendation<'release' | 'keep'> {
  const { before, after } = measured.sealed;
  const rates = `sealed pass rate ${percent(after.passRate.value)} against ${percent(before.passRate.value)} of version 0`;
  const keep = (why: string) => ({ recommended: 'keep' as const, safe: 'keep' as const, why });
  if (measured.candidate < 1) return keep('The candidate is version 0, the base model: there is nothing to release.');
  if (measured.bestVersion < 1)
    return keep(
      `No version was promoted: a release would give users ${after.policy}, which no verdict chose (${rates}).`,
    );
  if (after.passRate.n === 0 || before.passRate.n === 0)
    return keep('No sealed rollout was graded; nothing supports a release.');
  if (below(after.passRate.value, before.passRate.value)) return keep(`The improvement did not carry over: ${rates}.`);
  return { recommended: 'release', safe: 'keep', why: `${onUnseen(after)}: ${rates}.` };
}

/** What the paired gain on the sealed split shows, no more: without an interval above zero it may be chance. */
function onUnseen({ gain }: EvaluationResult): string {
  if (gain === undefined) return 'No loss is seen on unseen functions';
  const interval = `${points(gain.value)}, interval ${plain(gain.low)} to ${plain(gain.high)}`;
  return gain.low > 0
    ? `The improvement holds on unseen functions (${interval})`
    : `Neither a gain nor a loss is shown on unseen functions: the difference may be chance (${interval})`;
}

/** Rates are ratios of small counts: differences below this are rounding, for example 0.3 + 0.1 against 0.4. */
const ROUNDING = 1e-9;
const below = (a: number, b: number): boolean => a < b - ROUNDING;

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const plain = (share: number): string => `${share < 0 ? '−' : ''}${(Math.abs(share) * 100).toFixed(1)} points`;
const points = (share: number): string => `${share < 0 ? '−' : '+'}${(Math.abs(share) * 100).toFixed(1)} points`;
