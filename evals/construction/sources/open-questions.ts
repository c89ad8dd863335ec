// The source `open-questions`: questions over documents whose answer no list holds, in a form that a human fills in. Rules look at the
// quotes, a rubric asks the campaign's judge about the rest.
import { z } from 'zod';
import { type ArtifactTask, relativePath } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { criteria } from '../../../contracts/judge.ts';
import { openAnswerCheck } from '../../verifiers/answer/open-answer.ts';
import { sha256Of } from '../../verifiers/gates.ts';
import { canaryOf, type Draft, defineSource, type Workbench } from '../source.ts';
import { readLines } from './jsonl.ts';

export const openQuestionsOptions = z.strictObject({
  /** JSON lines of the form below. */
  file: z.string().min(1),
});

const quote = z.strictObject({ source: relativePath, text: z.string().min(1) });

export const openQuestionForm = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'lower-case letters, digits and dashes'),
  /** Where it was found, and under which licence (SPDX). */
  origin: z.string().min(1),
  licence: z.string().min(1),
  category: z.string().regex(/^[a-z-]+$/),
  question: z.string().min(20),
  /** Texts by path. */
  documents: z.record(relativePath, z.string().min(1)),
  /** What has to be quoted. */
  required: z.array(quote).min(1),
  /** The same ones in many questions: a judge is calibrated by its criteria. */
  criteria,
  gold: z.strictObject({ answer: z.string().min(1), quotes: z.array(quote).min(1) }),
});
export type OpenQuestionForm = z.infer<typeof openQuestionForm>;

const ANSWER = 'answer.json';

export const openQuestions = defineSource<z.infer<typeof openQuestionsOptions>>({
  name: 'open-questions',
  options: openQuestionsOptions,
  formats: ['answer'],
  rubrics: 'all',
  reads: ({ file }) => [file],
  async open({ file }, ports) {
    const lines = readLines(await ports.readFile(file), openQuestionForm, ({ id }) => id);
    return {
      kind: 'open-questions',
      description: { sha256: lines.sha256 },
      ordered: false,
      draw: lines.draw,
      draft: (item, bench) => draft(lines.rows.get(item.key)!, bench),
    };
  },
});

async function draft(form: OpenQuestionForm, { store, seed }: Workbench): Promise<Draft> {
  const id = taskId.parse(`open-questions#${form.id}`);
  const documents = Object.entries(form.documents);
  const check = openAnswerCheck.parse({
    file: ANSWER,
    documents: Object.fromEntries(documents.map(([path, text]) => [path, sha256Of(text)])),
    required: form.required,
    rubric: { about: form.question, criteria: form.criteria },
  });
  const gold = {
    answer: form.gold.answer,
    evidence: form.gold.quotes.map(({ source, text }) => ({ source, quote: text, at: null })),
  };
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: `open-questions@${form.id}`, capability: `answer/${form.category}`, format: 'answer' },
    instruction: `${form.question}\n\nHand in ${ANSWER}: an object with \`answer\` (a text) and \`evidence\`, a list of objects with \`source\` (the name of a document), \`quote\` (its own words, and not much more of them than the answer rests on) and \`at\` (null).`,
    verifier: { name: 'answer', version: 3 },
    deliverables: [{ path: ANSWER, maxBytes: 16_384, required: true }],
    given: Object.fromEntries(await Promise.all(documents.map(async ([path, text]) => [path, await store.put(text)]))),
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [ANSWER]: await store.put(JSON.stringify(gold)) },
    baselineSeconds: null,
    canary: canaryOf(seed, id),
    source: { kind: 'open-questions', name: form.origin, licence: form.licence },
  };
  return { tasks: [{ task, substance: `${form.question}\n${form.gold.answer}`, parents: [] }], dropped: [] };
}
