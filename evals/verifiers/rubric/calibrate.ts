// What a judge is worth, measured: asked about artifacts whose worth is known, and about answers that answer nothing.
import { AnnealError } from '../../../contracts/errors.ts';
import type { CalibratedJudge, CalibrationSet, Rubric } from '../../../contracts/judge.ts';
import type { JudgeModel } from '../../../contracts/judge-model.ts';
import { type ModelIdentity, refuseAgreement, refuseJudge } from '../../../policies/judge-calibration.ts';
import { sha256Of } from '../gates.ts';
import { nullAnswers } from './null-answers.ts';
import { wayOf } from './ways.ts';

export type Measured = Pick<CalibratedJudge, 'calibrations' | 'answers'>;
type Measurement = Measured['calibrations'][number];

export interface Calibrating {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Every question is asked, in the way in which its rubric's tasks will be, and none is answered from a record. A reply that is no verdict,
 * or one that misses what is known, agrees with nothing: it counts against the judge.
 * @throws AnnealError `judge.unavailable` where the judge gives no answer at all: nothing was measured
 */
export async function calibrate(
  model: JudgeModel,
  { rubrics }: CalibrationSet,
  { onProgress, signal }: Calibrating = {},
): Promise<Measured> {
  const plan = rubrics.map(({ criteria, asked, items }) => {
    const of: Rubric = { about: items[0]!.about, criteria };
    return { of, way: wayOf(asked), items, nulls: nullAnswers(of) };
  });
  const total = plan.reduce((sum, { items, nulls }) => sum + items.length + nulls.length, 0);
  let done = 0;
  const heard = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    signal?.throwIfAborted();
    const said = await believed(ask);
    onProgress?.(++done, total);
    return said;
  };
  const measured: { calibrations: Measurement[]; answers: Measured['answers'] } = { calibrations: [], answers: [] };
  for (const { of, way, items, nulls } of plan) {
    const setup = way.setup(of);
    const known: Measured['answers'] = [];
    for (const [at, { about, text, right }] of items.entries()) {
      // What is known of each item is drawn anew, as for each rollout, and alike in every calibration.
      const said = await heard(() => way.ask({ model }, { ...of, about }, text, `${setup} ${at}`));
      known.push({ text: sha256Of(text), right, accepted: said?.verdicts.every(({ met }) => met) ?? null });
    }
    const planted: Measurement['nulls'] = [];
    for (const { name, text } of nulls) {
      // One criterion is enough: nothing of it is good.
      const accepted = await heard(() => way.accepts({ model }, of, text));
      planted.push({ name, accepted: accepted !== undefined && accepted.length > 0 });
    }
    const side = (right: boolean) => known.filter((one) => one.right === right);
    measured.calibrations.push({
      judge: { model: model.model, family: model.family, setup },
      right: { accepted: side(true).filter(({ accepted }) => accepted === true).length, of: side(true).length },
      wrong: { rejected: side(false).filter(({ accepted }) => accepted === false).length, of: side(false).length },
      nulls: planted,
      unreadable: known.filter(({ accepted }) => accepted === null).length,
    });
    measured.answers.push(...known);
  }
  return measured;
}

/** Why such a judge must not judge for a campaign, with what was measured of it. */
export function refuseMeasured(
  { calibrations }: Pick<Measured, 'calibrations'>,
  policy: ModelIdentity,
  leastAgreement: number,
): string | undefined {
  for (const one of calibrations) {
    const refusal = refuseJudge(one.judge, policy, one) ?? refuseAgreement(one, leastAgreement);
    if (refusal === undefined) continue;
    const unreadable = one.unreadable === 0 ? '' : ` ${one.unreadable} of its replies were no verdict.`;
    return `${refusal.why}${unreadable}`;
  }
  return undefined;
}

async function believed<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (failure) {
    if (failure instanceof AnnealError && failure.code === 'verifier.failed') return undefined;
    throw failure;
  }
}
