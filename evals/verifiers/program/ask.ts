// Running a program on inputs, each in a process of its own, and taking down what it answered. Nothing is judged here.
import { readFileSync } from 'node:fs';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import type { Sandbox, SandboxResult } from '../../../contracts/ports.ts';
import type { TypedValue } from '../../../contracts/task.ts';
import { evidenceOf } from '../gates.ts';
import { runCandidates, runCharged, type Seen } from '../python-function/run.ts';
import { decodeValue } from '../python-function/values.ts';
import type { LanguageName } from './check.ts';
import { LANGUAGE_TABLE, requireLanguage } from './languages.ts';

export interface Program {
  readonly language: LanguageName;
  /** Texts by path; all lie below /work, read-only. */
  readonly files: Readonly<Record<string, string>>;
  readonly file: string;
  readonly seconds: number;
  /** A function's file may be a module of its language: `export` and a first line for the shell in JavaScript, a name in Python. */
  readonly asModule?: boolean;
  /** Code of the task, not of a policy: nobody is to be charged with how its driver ends. */
  readonly ours?: true;
}

/** What one input gave. `failed`: it ended otherwise than it should, and `how` says in which way. */
export type Answer =
  | { readonly how: 'text'; readonly text: string }
  | { readonly how: 'failed'; readonly why: string }
  | Seen;

export interface Asked<Kind extends Answer = Answer> {
  /** In the order of the inputs. */
  readonly answers: readonly Kind[];
  readonly runs: readonly EvidenceRun[];
}

/** At a time; the sandbox has a queue of its own, but after a stopped case those that follow must not have begun. */
const AT_ONCE = 4;
const OUTPUT_BYTES = 4 * 2 ** 20;
const HARNESS = 'anneal-harness.cjs';

/** Feeds each input to a fresh process in a fresh sandbox, and takes its standard output for the answer. */
export async function askProgram(sandbox: Sandbox, program: Program, inputs: readonly string[]): Promise<Asked> {
  await requireLanguage(sandbox, program.language);
  const argv = LANGUAGE_TABLE[program.language].program(`/work/${program.file}`);
  return oneByOne(inputs, async (stdin) => {
    const result = await runOnce(sandbox, program, argv, stdin);
    const answer: Answer =
      result.how === 'exited' && result.exitCode === 0
        ? { how: 'text', text: result.stdout }
        : wasStopped(result, program.seconds)
          ? { how: 'stopped' }
          : { how: 'failed', why: result.how === 'exited' ? `exit code ${result.exitCode}` : result.how };
    return { answer, run: evidenceOf('the program on an input', argv, result) };
  });
}

/**
 * Calls a function of the program's file on each list of arguments.
 * @throws AnnealError `EndedByCandidate` (charged.ts), unless it is ours; `verifier.failed`, `sandbox.*`
 */
export async function askFunction(
  sandbox: Sandbox,
  program: Program & { readonly entry: string },
  inputs: readonly (readonly TypedValue[])[],
): Promise<Asked> {
  await requireLanguage(sandbox, program.language);
  if (program.language === 'python') return askPython(sandbox, program, inputs);
  const argv = LANGUAGE_TABLE[program.language].program(`/work/${HARNESS}`);
  const files = { ...program.files, [HARNESS]: harness() };
  return oneByOne(inputs, async (args) => {
    const { file, entry, asModule = false } = program;
    const stdin = JSON.stringify({ file, entry, asModule, args });
    const result = await runOnce(sandbox, { ...program, files }, argv, stdin);
    return { answer: heard(result, program.seconds), run: evidenceOf('the function on arguments', argv, result) };
  });
}

/** One sandbox for all cases and a process for each, by the driver that python-function has (decision 3). */
async function askPython(
  sandbox: Sandbox,
  program: Program & { readonly entry: string },
  inputs: readonly (readonly TypedValue[])[],
): Promise<Asked> {
  const source = program.files[program.file] ?? '';
  const candidate = { source, entry: program.entry, asModule: program.asModule, cases: inputs };
  const { seen } = program.ours
    ? (await runCandidates(sandbox, [candidate]))[0]!
    : await runCharged(sandbox, candidate);
  const stdout = canonicalJson(seen);
  const result = { how: 'exited', exitCode: 0, stdout, stderr: '' } as const;
  return { answers: seen, runs: [evidenceOf('the function on every list of arguments', ['driver.py'], result)] };
}

/** What the harness relayed. The candidate shares its process, so all of it can mean nothing but the candidate's answer. */
function heard(result: SandboxResult, seconds: number): Seen {
  // Before the candidate is loaded only the harness has spoken: without that word it never got to run.
  if (!result.stdout.includes('\0ready\n'))
    throw new AnnealError('verifier.failed', `the harness did not begin (${result.how} ${result.exitCode ?? ''})`);
  if (wasStopped(result, seconds)) return { how: 'stopped' };
  if (result.how === 'output-limit') return { how: 'oversize' };
  const answer = result.stdout.split('\n').findLast((line) => line.startsWith('\0answer'));
  if (answer === undefined) return { how: 'silent' };
  const text = answer.slice('\0answer'.length);
  const failed = /^\{"failed":"(\w{1,100})"\}$/.exec(text)?.[1];
  if (failed !== undefined) return { how: 'not-loaded', error: failed };
  const value = decodeValue(text);
  if (value !== undefined) return { how: 'value', value };
  return { how: text === '{"bad":true}' ? 'not-primitive' : 'unreadable' };
}

/**
 * The limit is one of processor time, and the wall clock has room beside it: a busy machine is nobody's wrong answer. What waits instead
 * of working is stopped by the wall clock.
 */
const runOnce = (
  sandbox: Sandbox,
  { language, files, seconds }: Program,
  argv: readonly [string, ...string[]],
  stdin: string,
): Promise<SandboxResult> =>
  sandbox.run({
    argv: ['prlimit', `--cpu=${Math.ceil(seconds)}`, '--', ...argv],
    files,
    stdin,
    // Whatever is beside it is its own; a case has a sandbox to itself.
    alone: true,
    limits: {
      ...LANGUAGE_TABLE[language].limits,
      wallMs: 5_000 + 3_000 * seconds,
      diskBytes: 16 * 2 ** 20,
      outputBytes: OUTPUT_BYTES,
    },
  });

/** By the wall clock, or killed after as much time as its processor time takes at least. */
const wasStopped = ({ how, milliseconds }: SandboxResult, seconds: number): boolean =>
  how === 'timeout' || (how === 'signalled' && milliseconds >= 900 * seconds);

/** In batches: once a case was stopped by the clock the later batches are left out, lest a program that hangs takes minutes. */
async function oneByOne<Input>(
  inputs: readonly Input[],
  ask: (input: Input) => Promise<{ readonly answer: Answer; readonly run: EvidenceRun }>,
): Promise<Asked> {
  const answers: Answer[] = [];
  const runs: EvidenceRun[] = [];
  for (let from = 0; from < inputs.length; from += AT_ONCE) {
    const batch = inputs.slice(from, from + AT_ONCE);
    if (answers.some(({ how }) => how === 'stopped')) {
      answers.push(...batch.map((): Answer => ({ how: 'skipped' })));
      continue;
    }
    for (const { answer, run } of await Promise.all(batch.map(ask))) {
      answers.push(answer);
      runs.push(run);
    }
  }
  return { answers, runs };
}

let source: string | undefined;
const harness = (): string => {
  source ??= readFileSync(new URL('./harness.cjs', import.meta.url), 'utf8');
  return source;
};
