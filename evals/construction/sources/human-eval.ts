// The source `human-eval`: functions to be written, from JSON lines of the form that HumanEval has (Chen et al., arXiv 2107.03374):
// {"task_id", "prompt", "entry_point", "canonical_solution", "test"}, where `test` defines `check(candidate)`. Its own check is run on
// the reference, and every call that it makes becomes a case: expected values are compared by the grader, not by the candidate's process.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import { testCase } from '../../../contracts/task.ts';
import { type ProgramCheck, programCheck } from '../../verifiers/program/check.ts';
import { secretFunctionCases } from '../../verifiers/program/secret-inputs.ts';
import { canaryOf, type Draft, defineSource, type Workbench } from '../source.ts';
import { readLines } from './jsonl.ts';
import { runPython } from './run-python.ts';

export const humanEvalOptions = z.strictObject({
  /** Decompressed. */
  file: z.string().min(1),
  /** Of the file's content, SPDX; HumanEval's own is MIT. */
  licence: z.string().min(1),
});

const row = z.object({
  task_id: z.string().min(1).max(80),
  prompt: z.string().min(1),
  entry_point: z.string().regex(/^[A-Za-z_]\w*$/, 'a name'),
  canonical_solution: z.string().min(1),
  test: z.string().min(1),
});
type Row = z.infer<typeof row>;

const calls = z.union([z.strictObject({ cases: z.array(testCase) }), z.strictObject({ why: z.string() })]);
const FILE = 'solution.py';
const FEWEST_SECRET = 4;
const [FEWEST_CASES, MOST_CASES] = [3, 60];

export const humanEval = defineSource<z.infer<typeof humanEvalOptions>>({
  name: 'human-eval',
  options: humanEvalOptions,
  formats: ['program'],
  reads: ({ file }) => [file],
  async open({ file, licence }, ports) {
    const lines = readLines(await ports.readFile(file), row, (one) => one.task_id);
    return {
      kind: 'human-eval',
      // Their manner belongs to the description: what was built without them is another set.
      description: { sha256: lines.sha256, licence, secretInputs: 'rows' },
      ordered: false,
      draw: lines.draw,
      draft: (item, bench) => draft(lines.rows.get(item.key)!, licence, bench),
    };
  },
});

async function draft(one: Row, licence: string, bench: Workbench): Promise<Draft> {
  const id = taskId.parse(one.task_id);
  const none = (why: string): Draft => ({ tasks: [], dropped: [{ id, why: [why] }] });
  const { prompt, canonical_solution: solution, entry_point: entry, test } = one;
  const seen = await runPython(bench.instruments.sandbox, {
    names: ['record_calls.py', '../probe_values.py'],
    request: { prompt, solution, entry, test, most: MOST_CASES },
    answer: calls,
  });
  if ('why' in seen) return none(`its own check fails on its reference: ${seen.why}`);
  if (seen.cases.length < FEWEST_CASES)
    return none(
      `its check makes ${seen.cases.length} calls with values that a grader can compare, fewer than ${FEWEST_CASES}`,
    );
  const fixed = { kind: 'function', language: 'python', file: FILE, entry, cases: seen.cases };
  const reference = { language: 'python', source: prompt + solution };
  const drawn = programCheck.parse({ ...fixed, secretInputs: { drawn: 'rows', reference } });
  const lacking = await whyNoSecretInputs(drawn, bench);
  const check = lacking === undefined ? drawn : { ...drawn, secretInputs: null };
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: one.task_id, capability: 'program/python', format: 'program' },
    instruction: `Complete this Python function. Hand in ${FILE} with the whole of it, imports included.\n\n${prompt.trimEnd()}\n`,
    verifier: { name: 'program', version: 1 },
    deliverables: [{ path: FILE, maxBytes: 65_536, required: true }],
    given: {},
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [FILE]: await bench.store.put(prompt + solution) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'human-eval', name: one.task_id, licence },
  };
  const notes = lacking === undefined ? {} : { notes: [`no secret inputs: ${lacking}`] };
  return { tasks: [{ task, substance: prompt + solution, parents: [], ...notes }], dropped: [] };
}

/** Too few tell a table of the cases from a solution badly, and a reference that is stopped at one would mask every sample of the task. */
async function whyNoSecretInputs(check: ProgramCheck, { instruments }: Workbench): Promise<string | undefined> {
  if (check.kind !== 'function') return undefined;
  try {
    const { length } = await secretFunctionCases(check, instruments);
    if (length >= FEWEST_SECRET) return undefined;
    return `its cases leave ${length} to be drawn that its reference answers, fewer than ${FEWEST_SECRET}`;
  } catch (failure) {
    if (failure instanceof AnnealError && failure.code === 'verifier.failed') return failure.message;
    throw failure;
  }
}
