// `npm run bench -- sandbox [--turns N] [--runs N]`: programs through the sandbox beside the same programs in bare `bwrap` with the same
// arguments, in the same process, by turns. What a verification costs beyond the isolation that it cannot do without.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { taskId } from '../contracts/ids.ts';
import type { Sandbox, SandboxRequest } from '../contracts/ports.ts';
import type { Task, TypedValue } from '../contracts/task.ts';
import { artifactOf } from '../evals/verifiers/artifact.ts';
import { gradePythonReply } from '../evals/verifiers/python-function/grade.ts';
import { PYTHON_ARGUMENTS } from '../evals/verifiers/python-function/run.ts';
import { runWorkspace } from '../evals/workspace/run.ts';
import { createBubblewrapSandbox } from '../infra/sandbox/bubblewrap.ts';
import { bareBwrap, type RunBare } from './bare-bwrap.ts';
import { spread } from './load.ts';
import { type Batch, type Row, summarise, table } from './sandbox-summary.ts';

interface Case {
  readonly name: string;
  ours(sandbox: Sandbox): Promise<void>;
  /** What bare `bwrap` runs; undefined: the very request that ours makes of the sandbox. */
  readonly bare?: SandboxRequest;
}

const LIMITS = {
  wallMs: 20_000,
  memoryBytes: 256 * 2 ** 20,
  diskBytes: 8 * 2 ** 20,
  processes: 16,
  outputBytes: 65_536,
};
const request = (argv: SandboxRequest['argv'], files: SandboxRequest['files'] = {}): SandboxRequest => ({
  ...{ argv, files, stdin: '', limits: LIMITS },
});
const TRUE = request(['/usr/bin/true']);
const PYTHON = request(['python3', ...PYTHON_ARGUMENTS, '-c', 'pass']);

const PROGRAM = "open('out', 'w').write(str(sum(range(1000))))\n";
const STEP = {
  files: artifactOf({ 'main.py': PROGRAM }),
  steps: [{ what: 'the program', argv: ['python3', ...PYTHON_ARGUMENTS, 'main.py'] as const, wallMs: 10_000 }],
  collect: [{ path: 'out', maxBytes: 1_024, required: true }],
  limits: LIMITS,
};
/** The same program, alone: its folder is the only writable one. */
const STEP_ALONE = request(['python3', ...PYTHON_ARGUMENTS, '-c', `import os; os.chdir('/tmp'); ${PROGRAM}`]);

async function once(sandbox: Sandbox, wanted: SandboxRequest): Promise<void> {
  const { how, exitCode, stderr } = await sandbox.run(wanted);
  if (how !== 'exited' || exitCode !== 0) throw new Error(`${wanted.argv[0]} ${how} with ${exitCode}: ${stderr}`);
}

async function grade(sandbox: Sandbox): Promise<void> {
  const graded = await gradePythonReply({ reply: REPLY, task: TASK, weights: WEIGHTS, sandbox });
  if (graded.outcome !== 'success') throw new Error(`a right reply was judged ${graded.outcome}`);
}

async function step(sandbox: Sandbox): Promise<void> {
  const { steps, collected } = await runWorkspace(sandbox, STEP);
  if (steps[0]?.exitCode !== 0 || collected.size !== 1) throw new Error('the step left no file');
}

const CASES: readonly Case[] = [
  { name: 'an empty program, `true`', ours: (sandbox) => once(sandbox, TRUE) },
  { name: 'a start of Python', ours: (sandbox) => once(sandbox, PYTHON) },
  { name: 'a verification by `python-function@1`, 8 cases', ours: grade },
  { name: 'a step of a workspace; bare: its driver', ours: step },
  { name: 'a step of a workspace; bare: the program alone', ours: step, bare: STEP_ALONE },
];

export async function main(argv: readonly string[]): Promise<void> {
  const options = { turns: { type: 'string' }, runs: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const [turns, runs] = [Number(values.turns ?? 7), Number(values.runs ?? 24)];
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const load = loadavg()[0]!.toFixed(1);
  const sandbox = createBubblewrapSandbox();
  const rows = await compareSandboxes(
    sandbox,
    { turns, runs, cases: CASES },
    (line) => void process.stderr.write(`${line}\n`),
  );
  print(`\nMedians (range) of ${turns} turns of ${runs} runs a side. ${await sandbox.describe()}.\n`);
  for (const line of table(rows)) print(line);
  print(`\nLoad ${load} at the start, ${loadavg()[0]!.toFixed(1)} at the end.`);
}

/** What an acceptance asks of: verifications, beside their program in bare `bwrap`. */
export const compareVerifications = (sandbox: Sandbox, progress: (line: string) => void): Promise<Row[]> =>
  compareSandboxes(sandbox, { turns: 7, runs: 24, cases: CASES.filter(({ ours }) => ours === grade) }, progress);

async function compareSandboxes(
  sandbox: Sandbox,
  { turns, runs, cases }: { readonly turns: number; readonly runs: number; readonly cases: readonly Case[] },
  progress: (line: string) => void,
): Promise<Row[]> {
  const bare = await bareBwrap(sandbox);
  const batches: Batch[] = [];
  // The first turn warms up both sides and is thrown away.
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const concurrency of [1, 2]) {
      for (const one of cases) {
        const sides = { ours: () => one.ours(sandbox), bare: await bareOf(one, sandbox, bare) };
        for (const side of turn % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
          const timed = await batch(sides[side], runs, concurrency);
          if (turn > 0) batches.push({ case: one.name, concurrency, turn, side, runs, ...timed });
        }
      }
    }
    progress(`turn ${turn} of ${turns}`);
  }
  return summarise(batches);
}

async function bareOf(one: Case, sandbox: Sandbox, bare: RunBare): Promise<() => Promise<void>> {
  let wanted = one.bare;
  await one.ours({
    describe: () => sandbox.describe(),
    run(asked) {
      wanted ??= asked;
      return sandbox.run(asked);
    },
  });
  if (wanted === undefined) throw new Error(`${one.name} asked the sandbox for nothing`);
  const known = wanted;
  return () => bare(known);
}

async function batch(work: () => Promise<void>, runs: number, concurrency: number) {
  const times: number[] = [];
  let left = runs;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const started = performance.now();
      await work();
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { seconds: (performance.now() - began) / 1_000, latency: spread(times).median };
}

const int = (value: number): TypedValue => ({ t: 'int', v: `${value}` });
const CALLS = Array.from({ length: 8 }, (_, index): readonly [number, number] => [index * 7, index - 3]);
const TASK: Task = {
  id: taskId.parse('bench.add#plain'),
  ...{ family: 'bench.add', phrasing: 'plain', instruction: 'Write add(a, b).', gold: '' },
  entrypoint: { name: 'add', parameters: ['a', 'b'] },
  verifier: { name: 'python-function', version: 1 },
  cases: CALLS.map(([a, b]) => ({ args: [int(a), int(b)], expected: int(a + b) })),
};
const REPLY = '```python\ndef add(a, b):\n    return a + b\n```\n';
const WEIGHTS = { correctness: 1, partial: 0, format: 0.2 };
