// The promotion rule proper: what a round's candidate must show before it becomes the best version.
import type { NoiseFloor } from '../contracts/certified.ts';
import type { Verdict } from '../contracts/policy-version.ts';
import { alphaAt, TOTAL_ALPHA } from './alpha-spending.ts';
import { smallestGain } from './certifiable.ts';
import { logEValue } from './e-value.ts';
import { familyMean, type LockedTask, type PairedOutcomes, pairOutcomes, type TaskRates } from './paired-outcomes.ts';
import { signFlips } from './sign-flip.ts';
import { type DriftRule, type SliceDrift, sliceDrifts } from './slice-drift.ts';
import { chance, counted, gained, percent, points } from './wording.ts';

export interface CertifiedRule extends DriftRule {
  /** Observed gain over tasks that a promotion needs beside its evidence. */
  readonly minGain: number;
  /** A fall below the best version by more than this, and by more than noise, reverts. */
  readonly maxDrop: number;
  /** Share of tasks that may lack a result; more is no measurement. */
  readonly maxMissing: number;
  /** Chance of any false promotion in the campaign. */
  readonly alpha: number;
  /**
   * signs: the exact test of signs, with one further family counted as lost. wealth: an e-value, which also holds where rare whole
   * losses hide behind small gains, and takes about twice the families.
   */
  readonly evidence: 'signs' | 'wealth';
}

export const CERTIFIED_RULE: CertifiedRule = {
  minGain: 0,
  maxDrop: 0.1,
  maxMissing: 0.05,
  alpha: TOTAL_ALPHA,
  evidence: 'signs',
  falseBlock: 0.1,
  maxSliceDrop: 0.15,
};

export interface Measured {
  /** The gate split. */
  readonly locked: readonly LockedTask[];
  readonly candidate: TaskRates;
  /** The best version's pinned results; measured again after its promotion, since it was promoted on lucky ones. */
  readonly best: TaskRates;
  /** Version 0's, pinned before round 1. */
  readonly roundZero: TaskRates;
  /** From 1: how often candidates of this campaign were looked at, this time included; never started again. */
  readonly look: number;
  readonly noise: NoiseFloor;
  /** Whether the visible-minus-gate gap froze promotion (visible-gap.ts). */
  readonly gap?: { readonly frozen: boolean; readonly why: string };
  /** What the last look returned as `flagged`; empty at first. */
  readonly flagged: readonly string[];
}

export interface CertifiedVerdict {
  readonly verdict: Verdict;
  /** One plain sentence with the numbers it rests on. */
  readonly why: string;
  /** Capabilities in doubt until they measure no lower than version 0: for the next look. */
  readonly flagged: readonly string[];
  readonly gain: number;
  /** By the test of signs. */
  readonly p: number;
  /** What this look may spend. */
  readonly alpha: number;
  /** Natural logarithm of the e-value of "the mean over families did not gain". */
  readonly logE: number;
  readonly slices: readonly SliceDrift[];
}

/**
 * promote: the gain is evident at this look's share of alpha, above the noise floor and minGain, no capability fell against version 0, and
 * no gap froze promotion. ask: it would be promoted, but a slice fell far without being large enough to tell loss from chance, now or at an
 * earlier look; or the measuring itself drifts. revert: a fall of more than maxDrop beyond noise. hold: anything else.
 *
 * Evidence is made anew at each look and never multiplied over looks: all looks share tasks and pinned baseline, so what the
 * baseline lost by chance would count again every round. Alpha spent over looks needs no assumption about what they share.
 */
export function decideCertified(measured: Measured, rule: CertifiedRule = CERTIFIED_RULE): CertifiedVerdict {
  const { locked, candidate, best, roundZero, noise, flagged } = measured;
  const paired = pairOutcomes(locked, { after: candidate, before: best });
  const alpha = alphaAt(measured.look, rule.alpha);
  const { p, logE, evident } = weigh(paired, alpha, rule);
  const slices = sliceDrifts(locked, { candidate, roundZero }, flagged, rule);
  const found = (finding: SliceDrift['finding']) => slices.filter((slice) => slice.finding === finding);
  const [lost, doubtful] = [found('lost'), [...found('large'), ...found('flagged')]];
  const incomplete = paired.missing > rule.maxMissing * paired.tasks;
  // What was hardly measured says nothing about a capability, neither ill nor well.
  const next = incomplete ? flagged : [...lost, ...doubtful].map(({ capability }) => capability).sort();
  const measurement = { flagged: next, gain: paired.gain, p, alpha, logE, slices };
  const say = (verdict: Verdict, why: string): CertifiedVerdict => ({ verdict, why, ...measurement });

  if (paired.tasks === 0) return say('hold', 'Held: the gate split has no tasks.');
  const rates = `${percent(paired.after)} against ${percent(paired.before)} of the best version on ${counted(paired.tasks, 'task')} in ${counted(paired.families.length, 'family', 'families')} (${gained(paired.gain)})`;
  if (incomplete) {
    return say(
      'hold',
      `Held: ${paired.missing} of ${counted(paired.tasks, 'task')} lack a result, more than ${percent(rule.maxMissing)}: measure again.`,
    );
  }
  if (!noise.steady) return say('ask', `A human is asked: ${noise.why}`);
  if (paired.gain < -rule.maxDrop && familyMean(paired) < -noise.floor) {
    return say(
      'revert',
      `Reverted: ${rates}; a fall of more than ${points(rule.maxDrop)} and beyond noise (${points(noise.floor)}) reverts.`,
    );
  }
  if (!evident) return say('hold', `Held: ${rates}; ${lacking(paired, { p, logE, alpha, look: measured.look }, rule)}`);
  if (paired.gain < rule.minGain || familyMean(paired) <= noise.floor) {
    const needed = Math.max(rule.minGain, noise.floor);
    return say(
      'hold',
      `Held: ${rates}, ${gained(familyMean(paired))} per family; promotion needs more than ${points(needed)} (noise floor and least gain).`,
    );
  }
  if (measured.gap?.frozen) return say('hold', `Held: ${rates}, but promotion is frozen. ${measured.gap.why}`);
  if (lost.length > 0) return say('hold', `Blocked: ${rates}, but lost against version 0: ${wordsOf(lost)}.`);
  if (doubtful.length > 0) return say('ask', `A human is asked: ${rates}, but ${wordsOf(doubtful)}.`);
  return say('promote', `Promoted: ${rates}; ${spent({ p, logE, alpha, look: measured.look }, rule)}.`);
}

const wordsOf = (slices: readonly SliceDrift[]): string => slices.map(({ why }) => why).join('; ');

/** One further family counts as lost: a sample of a few dozen families may lack just the one that broke. */
function weigh({ families }: PairedOutcomes, alpha: number, { evidence }: CertifiedRule) {
  const p = signFlips([...families, -1]).upper;
  const logE = logEValue(families);
  return { p, logE, evident: evidence === 'signs' ? p <= alpha : logE >= -Math.log(alpha) };
}

interface Weight {
  readonly p: number;
  readonly logE: number;
  readonly alpha: number;
  readonly look: number;
}

function spent({ p, logE, alpha, look }: Weight, { evidence }: CertifiedRule): string {
  return evidence === 'signs'
    ? `chance alone gives as much with probability ${chance(p)}, and look ${look} may spend ${chance(alpha)}`
    : `a bet against no gain made ${Math.exp(logE).toPrecision(3)} of 1, and look ${look} needs ${(1 / alpha).toPrecision(3)}`;
}

/** Why there is no evidence, and what size of gain this set could have shown at this look. */
function lacking(paired: PairedOutcomes, weight: Weight, rule: CertifiedRule): string {
  const units = paired.families.length;
  const discordance = paired.families.reduce((sum, difference) => sum + difference ** 2, 0) / units;
  if (discordance === 0) return 'no task changed.';
  const smallest = smallestGain({ units, discordance, alpha: weight.alpha, power: 0.5 });
  const could = smallest > 1 ? 'no gain at all' : `gains from about ${points(smallest)}`;
  return `${spent(weight, rule)}. A set of this size certifies ${could} at this look.`;
}
