// Running candidates in the sandbox: what each case gave, as seen by the driver. Nothing is judged here.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox, SandboxLimits } from '../../../contracts/ports.ts';
import type { TypedValue } from '../../../contracts/task.ts';
import { charged } from '../../workspace/charged.ts';
import { BEGAN, DriverLost } from '../../workspace/workspace.ts';
import { decodeValue } from './values.ts';

/** Isolated from user packages, site hooks, the working directory and byte code; the environment's hash seed is kept. */
export const PYTHON_ARGUMENTS = ['-s', '-P', '-S', '-B'] as const;

const CASE_SECONDS = 2;
const JOB_SECONDS = 6;

export interface Candidate {
  readonly source: string;
  readonly entry: string;
  /** Known among the process's modules, as an imported file is. Versions of verifiers that came before do without. */
  readonly asModule?: boolean | undefined;
  /** Arguments of each case. */
  readonly cases: readonly (readonly TypedValue[])[];
}

/** What one case gave. */
export type Seen =
  | { readonly how: 'value'; readonly value: TypedValue }
  | { readonly how: 'not-loaded'; readonly error: string }
  | { readonly how: 'not-primitive' | 'unreadable' | 'silent' | 'stopped' | 'oversize' | 'skipped' };

export interface CandidateRun {
  /** In the order of the cases. */
  readonly seen: readonly Seen[];
  /** Whether the file ran to its end and left something callable under the entry point's name, in any case. */
  readonly loaded: boolean;
}

const reported = z.strictObject({
  job: z.int(),
  case: z.int(),
  how: z.enum(['message', 'silent', 'stopped', 'oversize', 'skipped']),
  data: z.string(),
});
const line = z.union([z.strictObject({ began: z.int() }), reported, z.strictObject({ done: z.literal(true) })]);

let driver: string | undefined;
const driverSource = (): string => {
  driver ??= readFileSync(new URL('./driver.py', import.meta.url), 'utf8');
  return driver;
};

/**
 * Runs candidates one after the other in one fresh sandbox, each case in a process of its own.
 *
 * A reply under judgement is always alone in its sandbox; only our own files (certification) share one.
 * @throws AnnealError `sandbox.*` when the sandbox failed; `verifier.failed` (`DriverLost` among these) when the driver gave no complete account
 */
export async function runCandidates(sandbox: Sandbox, candidates: readonly Candidate[]): Promise<CandidateRun[]> {
  const files: Record<string, string> = { 'driver.py': driverSource() };
  for (const [index, candidate] of candidates.entries()) files[`candidate-${index}.py`] = candidate.source;
  const request = {
    caseSeconds: CASE_SECONDS,
    jobSeconds: JOB_SECONDS,
    jobs: candidates.map(({ entry, asModule = false, cases }, index) => ({
      file: `candidate-${index}.py`,
      entry,
      asModule,
      cases,
    })),
  };
  const result = await sandbox.run({
    argv: ['python3', ...PYTHON_ARGUMENTS, '/work/driver.py'],
    files,
    stdin: JSON.stringify(request),
    limits: limitsFor(candidates),
  });
  if (result.how !== 'exited' || result.exitCode !== 0) {
    const why = result.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    const how = `the driver ended without a verdict (${result.how}) ${why}`.trim();
    throw BEGAN.test(result.stdout) ? new DriverLost(how) : new AnnealError('verifier.failed', how);
  }
  return read(result.stdout, candidates);
}

/**
 * A candidate of a policy, alone in its sandbox. Where its driver is lost it is run once more.
 * @throws AnnealError `EndedByCandidate` (charged.ts); else as above
 */
export async function runCharged(sandbox: Sandbox, candidate: Candidate): Promise<CandidateRun> {
  const [run] = await charged(
    () => runCandidates(sandbox, [candidate]),
    () => plainRun(sandbox),
  );
  return run!;
}

const PLAIN: Candidate = { source: 'def plain():\n    return True\n', entry: 'plain', cases: [[]] };

async function plainRun(sandbox: Sandbox): Promise<void> {
  const [run] = await runCandidates(sandbox, [PLAIN]);
  const [seen] = run!.seen;
  if (seen?.how !== 'value')
    throw new AnnealError(
      'verifier.failed',
      `a driver was lost twice, and here a plain function of ours is ${seen?.how}`,
    );
}

function limitsFor(candidates: readonly Candidate[]): SandboxLimits {
  const cases = candidates.reduce((sum, candidate) => sum + candidate.cases.length, 0);
  return {
    // More than the driver allows its candidates: this clock must only ever stop a sandbox that hangs itself.
    wallMs: 1_000 * (10 + (JOB_SECONDS + CASE_SECONDS) * candidates.length),
    memoryBytes: 256 * 2 ** 20,
    diskBytes: 0,
    processes: 16,
    // A message is at most 64 KiB, and JSON may write each of its bytes as six.
    outputBytes: Math.min(64 * 2 ** 20, 4_096 + cases * 6 * 66_000),
  };
}

function read(stdout: string, candidates: readonly Candidate[]): CandidateRun[] {
  const runs = candidates.map(({ cases }) => ({ seen: cases.map((): Seen | undefined => undefined), loaded: false }));
  let done = false;
  for (const text of stdout.trimEnd().split('\n')) {
    const parsed = line.safeParse(parseJson(text));
    if (!parsed.success || done)
      throw new AnnealError('verifier.failed', 'the driver wrote something that is no verdict');
    if ('began' in parsed.data) continue;
    if ('done' in parsed.data) {
      done = true;
      continue;
    }
    const { job, case: index, how, data } = parsed.data;
    const run = runs[job];
    if (run === undefined || index >= run.seen.length || run.seen[index] !== undefined)
      throw new AnnealError('verifier.failed', 'the driver reported a case that does not exist, or twice');
    run.seen[index] = how === 'message' ? interpret(data) : { how };
    run.loaded ||= data.startsWith('L');
  }
  if (!done || runs.some((run) => run.seen.includes(undefined)))
    throw new AnnealError('verifier.failed', 'the driver did not report every case');
  return runs as CandidateRun[];
}

/** The child's own words: the candidate may have forged them, so they can mean nothing but its answer. */
function interpret(data: string): Seen {
  if (data.startsWith('X')) return { how: 'not-loaded', error: data.slice(1, 100) };
  if (!data.startsWith('L')) return { how: 'unreadable' };
  const value = decodeValue(data.slice(1));
  if (value !== undefined) return { how: 'value', value };
  return { how: /^L\{"bad":"\w+"\}$/.test(data) ? 'not-primitive' : 'unreadable' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
