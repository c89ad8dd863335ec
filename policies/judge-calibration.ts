// What a model that judges is worth: refused where it cannot be trusted, corrected by how it was calibrated where it can.
import { normalQuantileAbove } from './normal.ts';
import { counted, percent } from './wording.ts';

/** A model, and the family of models it was made from: what shares a family shares its taste. */
export interface ModelIdentity {
  readonly model: string;
  readonly family: string;
}

export interface Judge extends ModelIdentity {
  /** Of its prompt, rubric and sampling: a judge whose words change is another judge. */
  readonly setup: string;
}

/** Artifacts whose truth is known, judged as all others are. */
export interface Calibration {
  readonly judge: Judge;
  /** Right artifacts, and how many of them it accepted: sensitivity q1. */
  readonly right: { readonly accepted: number; readonly of: number };
  /** Wrong artifacts, and how many of them it rejected: specificity q0. */
  readonly wrong: { readonly rejected: number; readonly of: number };
  /** Planted answers that answer nothing: empty, the question again, "Solution:", an order to the judge. */
  readonly nulls: readonly { readonly name: string; readonly accepted: boolean }[];
}

export interface Refusal {
  readonly accepted: false;
  readonly why: string;
}

export interface CorrectedRate {
  readonly accepted: true;
  /** Share of right artifacts, by θ = (p + q0 − 1) / (q0 + q1 − 1), in 0…1. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly why: string;
}

/** Judged artifacts: how many the judge accepted. */
export interface Judged {
  readonly accepted: number;
  readonly of: number;
}

/** At least so many artifacts of known truth on each side: fewer leave nothing but uncertainty. */
export const LEAST_CALIBRATION = 20;

/**
 * Why a judge must not be asked about a policy's artifacts; nothing where it may. In this order: its family is the policy's, it was
 * calibrated as another, null answers were not planted or one was accepted, the calibration is too small, or it
 * does not show the judge to be better than a coin.
 */
export function refuseJudge(judge: Judge, policy: ModelIdentity, calibration: Calibration): Refusal | undefined {
  const refuse = (why: string): Refusal => ({ accepted: false, why });
  if (related(judge, policy)) {
    return refuse(
      `The judge ${judge.model} is of the policy's family, ${policy.family}: it would favour its own kind.`,
    );
  }
  const known = calibration.judge;
  if (known.model !== judge.model || known.family !== judge.family || known.setup !== judge.setup) {
    return refuse(
      `The calibration is of ${known.model} with setup ${known.setup}, not of ${judge.model} with setup ${judge.setup}: calibrate again.`,
    );
  }
  const { nulls, right, wrong } = calibration;
  if (nulls.length === 0)
    return refuse('No null answers were planted: nothing shows that the judge reads what it judges.');
  const fooled = nulls.filter((planted) => planted.accepted);
  if (fooled.length > 0) {
    return refuse(
      `The judge accepted ${fooled.length} of ${counted(nulls.length, 'planted null answer')}: ${fooled.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (Math.min(right.of, wrong.of) < LEAST_CALIBRATION) {
    return refuse(
      `The calibration has ${right.of} right and ${wrong.of} wrong artifacts; it takes ${LEAST_CALIBRATION} of each.`,
    );
  }
  const { skill, variance } = skillOf(calibration);
  if (skill <= normalQuantileAbove(0.025) * Math.sqrt(variance)) {
    return refuse(
      `The calibration does not show the judge to be better than a coin: it accepts ${share(right.accepted, right.of)} of right and ${share(wrong.of - wrong.rejected, wrong.of)} of wrong artifacts.`,
    );
  }
  return undefined;
}

/**
 * The share of right artifacts behind a judge's acceptances (Rogan and Gladen, American Journal of Epidemiology 107 (1978) 71–76), with
 * an interval that carries the uncertainty of the calibration: delta method, and one success and one failure added to each
 * proportion so that 0 and 1 keep a spread (after Agresti and Coull, The American Statistician 52 (1998) 119–126; Lee et al., How to
 * Correctly Report LLM-as-a-Judge Evaluations, arXiv 2511.21140, use the same with other additions). One artifact a family: correlated artifacts
 * need as many fewer.
 * @param confidence for example 0.95
 */
export function correctedRate(
  judged: Judged,
  about: { readonly judge: Judge; readonly policy: ModelIdentity; readonly calibration: Calibration },
  confidence = 0.95,
): CorrectedRate | Refusal {
  const refusal = refuseJudge(about.judge, about.policy, about.calibration);
  if (refusal !== undefined) return refusal;
  if (judged.of === 0) return { accepted: false, why: 'Nothing was judged.' };
  const { right, wrong } = about.calibration;
  const theta = (p: number, q0: number, q1: number): number => clamp((p + q0 - 1) / (q0 + q1 - 1));
  const value = theta(judged.accepted / judged.of, wrong.rejected / wrong.of, right.accepted / right.of);
  const [p, q0, q1] = [
    padded(judged.accepted, judged.of),
    padded(wrong.rejected, wrong.of),
    padded(right.accepted, right.of),
  ];
  const centre = theta(p.mean, q0.mean, q1.mean);
  const variance =
    (p.variance + (1 - centre) ** 2 * q0.variance + centre ** 2 * q1.variance) / (q0.mean + q1.mean - 1) ** 2;
  const half = normalQuantileAbove((1 - confidence) / 2) * Math.sqrt(variance);
  const [low, high] = [Math.min(value, clamp(centre - half)), Math.max(value, clamp(centre + half))];
  const why = `The judge accepted ${share(judged.accepted, judged.of)} of ${judged.of}; it accepts ${share(right.accepted, right.of)} of right and ${share(wrong.of - wrong.rejected, wrong.of)} of wrong artifacts, so ${percent(value)} are right (${percent(low)} to ${percent(high)} with ${percent(confidence)} confidence).`;
  return { accepted: true, value, low, high, why };
}

/**
 * Why a judge that may be asked is still not the one that a campaign wants: it agrees with what is known of right artifacts, or of wrong
 * ones, in a smaller share than the campaign asks for. On each side, since a set of mostly wrong artifacts would praise whoever
 * rejects everything.
 */
export function refuseAgreement({ judge, right, wrong }: Calibration, least: number): Refusal | undefined {
  if (Math.min(right.accepted / right.of, wrong.rejected / wrong.of) >= least) return undefined;
  const why = `The judge ${judge.model} accepts ${right.accepted} of ${counted(right.of, 'right artifact')} (${share(right.accepted, right.of)}) and rejects ${wrong.rejected} of ${counted(wrong.of, 'wrong one')} (${share(wrong.rejected, wrong.of)}); it takes ${percent(least)} of each.`;
  return { accepted: false, why };
}

/** Of a model by its name on the hub or elsewhere: the letters that it begins with, `qwen` of `Qwen/Qwen3-0.6B`. */
export const familyOf = (model: string): string => /^[A-Za-z]+/.exec(model.split('/').at(-1)!)?.[0].toLowerCase() ?? '';

/** Whether two models share a family, by declaration or by name. */
export const sameFamily = (judge: ModelIdentity, policy: ModelIdentity): boolean => related(judge, policy);

/** The same family by name, or one's family in the other's model name: a distilled model carries its teacher's. */
function related(judge: ModelIdentity, policy: ModelIdentity): boolean {
  const [a, b] = [letters(judge.family), letters(policy.family)];
  if (a === '' || b === '') return true;
  return a === b || letters(judge.model).includes(b) || letters(policy.model).includes(a);
}

function skillOf({ right, wrong }: Calibration): { skill: number; variance: number } {
  const [q0, q1] = [padded(wrong.rejected, wrong.of), padded(right.accepted, right.of)];
  return { skill: q0.mean + q1.mean - 1, variance: q0.variance + q1.variance };
}

function padded(hits: number, of: number): { mean: number; variance: number } {
  const mean = (hits + 1) / (of + 2);
  return { mean, variance: (mean * (1 - mean)) / (of + 2) };
}

const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
const clamp = (x: number): number => Math.min(1, Math.max(0, x));
const share = (hits: number, of: number): string => percent(of === 0 ? 0 : hits / of);
