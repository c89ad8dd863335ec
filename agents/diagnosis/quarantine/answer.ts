// What a model answered, made into hypotheses or dropped: the form is fixed, and of each hypothesis the lines that it cites are looked up.
// Whatever else stands in the answer is not read.
import { z } from 'zod';
import { type Hypothesis, suspectedCause } from '../../../contracts/diagnosis.ts';
import type { Redact } from './conceal.ts';
import type { Excerpt } from './excerpt.ts';
import { jsonAnswer } from './json-answer.ts';
import { bare, harmless } from './visible.ts';

/** Of an answer; what comes after these is not looked at. */
export const MOST = 5;
const CITATIONS = 5;
const WHY = 300;
/** Fewer characters stand in many a line by chance. */
const TELLING = 8;

/** The form that is asked for. */
export const suspected = z.object({
  cause: suspectedCause,
  citations: z
    .array(z.object({ file: z.int().nonnegative(), line: z.int().positive(), text: z.string().max(1_000) }))
    .max(CITATIONS),
  why: z.string().max(WHY),
  confidence: z.number().min(0).max(1),
});
export const answerForm = z.object({ hypotheses: z.array(suspected).max(MOST) });

/** The form without its bounds: one hypothesis that is wrong is no reason to drop the others. */
const anyAnswer = z.object({ hypotheses: z.array(z.unknown()) });

export interface Checked {
  readonly hypotheses: readonly Hypothesis[];
  readonly offered: number;
  readonly notes: readonly string[];
}

export interface AnswerTo {
  readonly excerpt: Excerpt;
  readonly by: Hypothesis['by'];
  /** A server knows the key that it was asked with, and its model may be told to repeat it. */
  readonly redact: Redact;
}

/** Undefined: it is not in the form that was asked for. */
export function checkAnswer(text: string, to: AnswerTo): Checked | undefined {
  const read = anyAnswer.safeParse(jsonAnswer(text));
  if (!read.success) return undefined;
  const all = read.data.hypotheses;
  const looked = all.slice(0, MOST);
  const formed = looked.map((one) => suspected.safeParse(one)).filter(({ success }) => success);
  const standing = formed.map(({ data }) => standingOf(data!, to)).filter((one) => one !== undefined);
  return {
    hypotheses: standing,
    offered: looked.length,
    notes: [
      ...(all.length > MOST ? [`${all.length} hypotheses came; the first ${MOST} were looked at`] : []),
      ...told(looked.length - formed.length, looked.length, 'not in the form that was asked for', 'were'),
      ...told(formed.length - standing.length, looked.length, 'lines that are not there', 'cited'),
    ],
  };
}

function told(count: number, of: number, what: string, verb: 'were' | 'cited'): string[] {
  const does = verb === 'were' && count === 1 ? 'was' : verb;
  return count === 0 ? [] : [`${count} of ${of} ${of === 1 ? 'hypothesis' : 'hypotheses'} ${does} ${what}`];
}

function standingOf(
  { cause, citations, why, confidence }: z.infer<typeof suspected>,
  { excerpt, by, redact }: AnswerTo,
): Hypothesis | undefined {
  const standing = citations
    .filter((one) => stands(one, excerpt))
    .map(({ file, line, text }) => ({
      file: excerpt.files.find(({ index }) => index === file)!.path,
      ...{ line, text },
    }));
  if (standing.length === 0) return undefined;
  return {
    ...{ cause, confidence, citations: standing, by, tainted: true },
    why: harmless(redact(bare(why)).text).slice(0, WHY),
  };
}

/** A line that was not shown cannot have been read, so it is looked for among those alone. */
function stands({ file, line, text }: { file: number; line: number; text: string }, { lines }: Excerpt): boolean {
  const shown = lines.find((one) => one.file === file && one.line === line)?.text;
  if (shown === undefined || !shown.includes(text)) return false;
  return text.trim().length >= TELLING || (text.trim() !== '' && text.trim() === shown.trim());
}
