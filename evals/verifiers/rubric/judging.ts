// A rubric's criteria as components of a judgement: by a judge that may judge, that accepts nothing which answers nothing, and whose words
// are kept.
import { canonicalJson } from '../../../contracts/canonical.ts';
import type { Rubric, RubricAsking } from '../../../contracts/judge.ts';
import type { JudgeModel } from '../../../contracts/judge-model.ts';
import type { ComponentScore } from '../../../contracts/judgement.ts';
import { type Calibration, type Judge, type ModelIdentity, refuseJudge } from '../../../policies/judge-calibration.ts';
import { nullAnswers } from './null-answers.ts';
import { type AskedJudge, MOST_CHARACTERS, refused, type Verdicts } from './question.ts';

/** Who judges, for whom, and what is known of it. */
export interface JudgeInstrument extends AskedJudge {
  readonly policy: ModelIdentity;
  /** One for each form of its words. */
  readonly calibrations: readonly Calibration[];
}

/** How a rubric is put to a judge, when it is calibrated as when it judges. */
export interface RubricWay {
  readonly name: RubricAsking;
  /** Names the judge's words in this way. */
  setup(of: Pick<Rubric, 'criteria'>): string;
  /**
   * @param secret of this judgement
   * @returns verdicts in the order of the rubric's criteria
   * @throws AnnealError `verifier.failed`: no verdict, or one that cannot be believed; `judge.unavailable`
   */
  ask(by: AskedJudge, of: Rubric, text: string, secret: string): Promise<Verdicts>;
  /** @returns what it says yes to in a text that answers nothing. @throws as `ask` */
  accepts(by: AskedJudge, of: Rubric, nothing: string): Promise<string[]>;
}

export interface RubricFound {
  readonly components: ComponentScore[];
  /** For the judgement: who was asked, by which words, and what it said. */
  readonly seen: {
    readonly model: string;
    readonly family: string;
    readonly setup: string;
    /** Names the question, by which the exchange is kept. */
    readonly question: string;
    readonly reply: string;
  };
}

/** @throws AnnealError `verifier.failed`: no judge, one that may not judge, one that was fooled, an answer of no use; `judge.unavailable` */
export async function judgeRubric(
  way: RubricWay,
  text: string,
  of: Rubric,
  { judge, secret }: { readonly judge?: JudgeInstrument | undefined; readonly secret: string },
): Promise<RubricFound> {
  if (judge === undefined) throw refused('the task has a rubric, and there is no model that judges');
  const identity = admitted(judge, way.setup(of));
  await notFooled(judge, of, way);
  if (text.length > MOST_CHARACTERS) throw refused(`${text.length} characters are too many for a judge to read`);
  const { verdicts, question, reply } = await way.ask(judge, of, text, secret);
  const components = of.criteria.map(({ name, weight }, at): ComponentScore => {
    const { met, because } = verdicts[at]!;
    return { name: `rubric: ${name}`, kind: 'outcome', score: met ? 1 : 0, weight, why: because };
  });
  return { components, seen: { ...identity, question, reply } };
}

/** @throws AnnealError `verifier.failed`: it may not judge this policy's artifacts in these words */
function admitted({ model, policy, calibrations }: JudgeInstrument, setup: string): Judge {
  const identity: Judge = { model: model.model, family: model.family, setup };
  const known = calibrations.find(({ judge }) => judge.setup === setup) ?? calibrations[0];
  if (known === undefined) throw refused(`the judge ${model.model} was not calibrated`);
  const refusal = refuseJudge(identity, policy, known);
  if (refusal !== undefined) throw refused(refusal.why);
  return identity;
}

/**
 * Once for a judge, a rubric and a way in this process: a judge that was fooled stays refused. One that gave no answer is asked again with
 * the next artifact: it may be there then.
 */
const planted = new WeakMap<JudgeModel, Map<string, Promise<string | undefined>>>();

async function notFooled(judge: JudgeInstrument, of: Rubric, way: RubricWay): Promise<void> {
  const known = planted.get(judge.model) ?? new Map<string, Promise<string | undefined>>();
  planted.set(judge.model, known);
  const key = canonicalJson({ about: of.about, setup: way.setup(of) });
  let trial = known.get(key);
  if (trial === undefined) {
    trial = plant(judge, of, way);
    known.set(key, trial);
    trial.catch(() => known.delete(key));
  }
  const accepted = await trial;
  if (accepted !== undefined) throw refused(accepted);
}

/** @returns which null answer it accepts, in words */
async function plant(judge: JudgeInstrument, of: Rubric, way: RubricWay): Promise<string | undefined> {
  for (const { name, text } of nullAnswers(of)) {
    const accepted = await way.accepts(judge, of, text);
    if (accepted.length > 0) return `the judge ${judge.model.model} accepts ${name} (${accepted.join(', ')})`;
  }
  return undefined;
}
