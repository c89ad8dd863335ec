// One question to a judge: its form, what of its reply is a verdict, and the record by which the same question is not asked twice.
import { z } from 'zod';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sha256 } from '../../../contracts/ids.ts';
import type { JudgeExchange } from '../../../contracts/judge.ts';
import type { JudgeModel } from '../../../contracts/judge-model.ts';
import { sha256Of, shown } from '../gates.ts';

/** Keeps what a judge was asked and said, so that judging again asks nobody. */
export interface JudgeRecord {
  /** @returns the reply, where this very question was answered before */
  find(question: Sha256): Promise<string | undefined>;
  /** @returns what counts: an answer that another judgement kept first, else this one */
  keep(question: Sha256, exchange: Omit<JudgeExchange, 'schema'>): Promise<string>;
}

/** Without a record every question is asked. */
export interface AskedJudge {
  readonly model: JudgeModel;
  readonly record?: JudgeRecord;
}

const verdicts = z.strictObject({
  verdicts: z.array(z.strictObject({ criterion: z.string(), met: z.boolean(), because: z.string().max(2_000) })),
});
export type Verdict = z.infer<typeof verdicts>['verdicts'][number];

const SCHEMA = z.toJSONSchema(verdicts);
const SAMPLING = { temperature: 0, maxTokens: 4_000 } as const;
/** More than a judge reads is not handed in: the gates before refuse it, or whoever fears a judgement could write itself past it. */
export const MOST_CHARACTERS = 100_000;

/**
 * Names a judge's words: another prompt, other criteria or another form are another judge, which has to be calibrated anew. What the
 * artifact was asked to be is the task's, as the artifact is: a calibration of one task's artifacts would say little of others.
 */
export const setupOf = (words: { readonly system: string; readonly criteria: unknown; readonly probes?: unknown }) =>
  sha256Of(canonicalJson({ ...words, schema: SCHEMA, ...SAMPLING })).slice(0, 16);

export interface Question {
  readonly system: string;
  readonly setup: string;
  readonly about: string;
  /** All that are asked, those among them whose answers are known. */
  readonly criteria: readonly { readonly name: string; readonly asks: string }[];
  readonly text: string;
}

export interface Verdicts {
  /** In the order of the criteria. */
  readonly verdicts: readonly Verdict[];
  /** Names the question as it was asked, word by word. */
  readonly question: Sha256;
  readonly reply: string;
}

/** @throws AnnealError `verifier.failed`: no verdict; `judge.unavailable`: no answer */
export async function answersOf({ model, record }: AskedJudge, asked: Question): Promise<Verdicts> {
  const { system, setup, about, criteria, text } = asked;
  const list = criteria.map(({ name, asks }) => `- ${name}: ${asks}`).join('\n');
  const user = `TASK\n${about}\n\nCRITERIA\n${list}\n\nARTIFACT\n${JSON.stringify(text)}`;
  const who = { model: model.model, family: model.family, setup };
  const question = sha256Of(canonicalJson({ ...who, system, user }));
  const kept = await record?.find(question);
  if (kept !== undefined) return { verdicts: verdictsOf(kept, criteria, model), question, reply: kept };
  let reply: string;
  try {
    reply = await model.answer({ system, user, schema: SCHEMA, ...SAMPLING });
  } catch (cause) {
    throw new AnnealError('judge.unavailable', `the judge ${model.model} gave no answer: ${wordsOf(cause)}`, { cause });
  }
  // Only what is a verdict is kept: what a judge could not say today it may say when the sample is judged again.
  verdictsOf(reply, criteria, model);
  const counts = (await record?.keep(question, { ...who, question: { system, user }, reply })) ?? reply;
  return { verdicts: verdictsOf(counts, criteria, model), question, reply: counts };
}

function verdictsOf(reply: string, criteria: Question['criteria'], { model }: JudgeModel): Verdict[] {
  const read = verdicts.safeParse(parsed(reply));
  if (!read.success)
    throw refused(
      `the judge ${model} answered with something that is no verdict: ${shown(JSON.stringify(reply), 200)}`,
    );
  const given = read.data.verdicts;
  const ordered = criteria.map(({ name }) => given.filter(({ criterion }) => criterion === name));
  if (given.length !== criteria.length || ordered.some((some) => some.length !== 1))
    throw refused(`the judge ${model} did not judge each criterion once`);
  return ordered.map(([one]) => one!);
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const refused = (why: string): AnnealError => new AnnealError('verifier.failed', why);
