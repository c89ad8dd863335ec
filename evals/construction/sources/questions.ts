// The source `questions`: tasks in a terminal from questions and answers, in a form that a human or an agent fills in. Each gives two
// variants, with the hints of the answer and without; one set of tests judges both. A form is read as a Harbor folder is.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { artifactOf } from '../../verifiers/artifact.ts';
import { readHarborTask } from '../harbor/read-task.ts';
import { canaryOf, type Draft, type Drafted, defineSource, type Workbench } from '../source.ts';
import { readLines } from './jsonl.ts';
import type { MarkedFolder } from './marked-folders.ts';

export const questionsOptions = z.strictObject({
  /** JSON lines of the form below. */
  file: z.string().min(1),
});

/** Texts by path. */
const files = z.record(relativePath, z.string());

export const questionForm = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'lower-case letters, digits and dashes'),
  /** Where question and answer were found, and under which licence (SPDX). */
  origin: z.string().min(1),
  licence: z.string().min(1),
  /** For example `files`, `text`, `build`. */
  category: z.string().regex(/^[a-z-]+$/),
  /** What is wanted, whole in itself: what is to be left where. */
  question: z.string().min(20),
  /** What the answer gives away: commands, flags, the idea. Only one of the variants shows them. */
  hints: z.array(z.string().min(1)),
  /** In the working directory, `/app`. */
  environment: files,
  /** Run by bash in `/app`: it makes the gold. */
  solution: z.string().min(1),
  /** Files of pytest tests, `test_….py`, that look at what is left. */
  tests: files,
  deliverables: z.array(z.string().min(1)).min(1),
});
export type QuestionForm = z.infer<typeof questionForm>;

export const questions = defineSource<z.infer<typeof questionsOptions>>({
  name: 'questions',
  options: questionsOptions,
  formats: ['terminal-state'],
  reads: ({ file }) => [file],
  async open({ file }, ports) {
    const lines = readLines(await ports.readFile(file), questionForm, ({ id }) => id);
    return {
      kind: 'questions',
      description: { sha256: lines.sha256 },
      ordered: false,
      draw: lines.draw,
      draft: (item, bench) => draft(lines.rows.get(item.key)!, bench),
    };
  },
});

async function draft(form: QuestionForm, bench: Workbench): Promise<Draft> {
  const told = leaks(form);
  if (told !== undefined) return { tasks: [], dropped: [{ id: `questions#${form.id}`, why: [told] }] };
  const { store, seed, instruments } = bench;
  const read = await readHarborTask(folderOf(form), { store, seed, instruments });
  if ('problems' in read) {
    const why = read.problems.map(
      ({ path, expected, got }) => `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`,
    );
    return { tasks: [], dropped: [{ id: `questions#${form.id}`, why }] };
  }
  const plain = variant(read.task, form, { suffix: 'plain', instruction: form.question, seed });
  const hinted = `${form.question}\n\nHints:\n${form.hints.map((hint) => `- ${hint}`).join('\n')}`;
  const all =
    form.hints.length === 0
      ? [plain]
      : [plain, variant(read.task, form, { suffix: 'hints', instruction: hinted, seed })];
  const tasks = all.map(
    (task, index): Drafted => ({
      task,
      substance: `${form.question}\n${form.solution}`,
      parents: index === 0 ? [] : [plain.id],
    }),
  );
  return { tasks, dropped: [] };
}

/** A question that holds its hints has no variant without them. */
function leaks({ question, hints }: QuestionForm): string | undefined {
  const shown = hints.find((hint) => question.includes(hint));
  return shown === undefined ? undefined : `the question itself shows the hint ${JSON.stringify(shown.slice(0, 80))}`;
}

function variant(
  task: ArtifactTask,
  form: QuestionForm,
  { suffix, instruction, seed }: { readonly suffix: string; readonly instruction: string; readonly seed: number },
): ArtifactTask {
  const id = taskId.parse(`questions/${form.id}#${suffix}`);
  const source = { kind: 'questions', name: form.origin, licence: form.licence };
  return { ...task, id, family: `questions@${form.id}`, instruction, canary: canaryOf(seed, id), source };
}

function folderOf(form: QuestionForm): MarkedFolder {
  const deliverables = form.deliverables.map((path) => `{ path = ${JSON.stringify(path)} }`).join(', ');
  const below = (folder: string, of: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(of).map(([path, text]) => [`${folder}/${path}`, text]));
  return {
    name: form.id,
    files: artifactOf({
      'task.toml': `[metadata]\ncategory = ${JSON.stringify(form.category)}\n[metadata.anneal]\ndeliverables = [${deliverables}]\nlicence = ${JSON.stringify(form.licence)}\n`,
      'instruction.md': form.question,
      'environment/Dockerfile': 'WORKDIR /app\n',
      ...below('environment', form.environment),
      ...below('tests', form.tests),
      'solution/solve.sh': form.solution,
    }),
  };
}
