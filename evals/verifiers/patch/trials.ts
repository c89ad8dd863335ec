// Running tests of a repository, one a process, and telling the real ones from their impossible twins afterwards.
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import { runWorkspace } from '../../workspace/run.ts';
import type { Artifact } from '../artifact.ts';
import { evidenceOf } from '../gates.ts';
import type { Instruments } from '../verifier.ts';
import type { Flip, PatchCheck } from './check.ts';
import { build, withoutStrays } from './compiled.ts';
import { flipped } from './flips.ts';
import {
  type Compiled,
  compiledBy,
  drawn,
  fileOf,
  RUNNERS,
  type Running,
  sealedFor,
  type TestOutcome,
  testStep,
} from './runners.ts';

/** One process: the test as it is, or a twin that cannot be passed. */
export interface Trial {
  readonly id: string;
  readonly twin?: Flip;
}

export interface Tried extends Trial {
  readonly outcome: TestOutcome;
}

/** A sandbox runs for as long as all its steps may take: more would bind one for too long. */
const TRIALS_A_SANDBOX = 60;
const SECONDS_PER_BUILD = 300;

/** Of a check, what running its tests takes. */
export type TestsOf = Running &
  Pick<PatchCheck, 'tests' | 'secondsPerTest'> &
  Partial<Pick<PatchCheck, 'secondsPerBuild'>>;

interface Trying {
  readonly check: TestsOf;
  readonly repository: Artifact;
  readonly trials: readonly Trial[];
  readonly instruments: Instruments;
  /** Tells these trials from others of the same secret. */
  readonly purpose: string;
}

/**
 * Every trial in a workspace of its own, in an order that follows from the secret: neither its place nor anything beside the text of the
 * test tells a process which kind it is.
 * @throws AnnealError `sandbox.*`, `verifier.failed`
 */
export async function runTrials(
  input: Trying,
): Promise<{ readonly tried: readonly Tried[]; readonly runs: readonly EvidenceRun[] }> {
  const { check, instruments, purpose } = input;
  const { secret } = instruments;
  const runner = RUNNERS[check.runner];
  const shuffled = input.trials
    .map((trial, index) => ({ trial, rank: drawn(secret, 'order', purpose, index) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ trial }) => trial);
  const { files, filesOf, runs } = await prepared(input, shuffled);
  const tried: Tried[] = [];
  for (let from = 0; from < shuffled.length; from += TRIALS_A_SANDBOX) {
    const trials = shuffled.slice(from, from + TRIALS_A_SANDBOX);
    const prepared = trials.map((trial, index) =>
      testStep({
        ...{ running: check, instruments, id: trial.id, seconds: check.secondsPerTest },
        files: filesOf(trial),
        number: `${purpose} ${from + index}`,
      }),
    );
    const result = await runWorkspace(instruments.sandbox, {
      files,
      sealed: sealedFor(runner, instruments, check.reporting),
      steps: prepared.map(({ step }) => step),
      collect: [],
      limits: runner.limits,
    });
    for (const [index, trial] of trials.entries()) {
      const seen = result.steps[index]!;
      tried.push({ ...trial, outcome: prepared[index]!.outcome(seen) });
      runs.push(evidenceOf(nameOf(trial), prepared[index]!.step.argv, seen));
    }
  }
  return { tried, runs };
}

const nameOf = ({ id, twin }: Trial): string => (twin === undefined ? id : `${id}, made impossible`);

interface Prepared {
  /** Every trial's. */
  readonly files: Artifact;
  /** What one trial has over these. */
  filesOf(trial: Trial): Artifact;
  readonly runs: EvidenceRun[];
}

async function prepared(input: Trying, trials: readonly Trial[]): Promise<Prepared> {
  const { check, repository } = input;
  const tests = Object.entries(check.tests).map(([path, text]) => [path, Buffer.from(text)] as const);
  const compiled = compiledBy(check);
  if (compiled !== undefined) return compiledFirst(input, compiled, trials);
  const files = new Map([...repository, ...tests]);
  return {
    files,
    filesOf: ({ twin }) => (twin === undefined ? new Map() : new Map([[twin.path, twinOf(files, twin)]])),
    runs: [],
  };
}

/** Each version of the tests is compiled once. What is compiled then runs without the text of the tests beside it. */
async function compiledFirst(input: Trying, compiled: Compiled, trials: readonly Trial[]): Promise<Prepared> {
  const { check, instruments } = input;
  const ids = trials.map(({ id }) => id);
  const tests = Object.entries(check.tests).map(([path, text]) => [path, Buffer.from(text)] as const);
  const all = new Map([...withoutStrays(input.repository, check, ids, compiled), ...tests]);
  const built = new Map<Flip | undefined, Artifact>();
  const runs: EvidenceRun[] = [];
  for (const [twin, some] of Map.groupBy(trials, (trial) => trial.twin)) {
    const files = twin === undefined ? all : new Map([...all, [twin.path, twinOf(all, twin)] as const]);
    const what = twin === undefined ? 'compiling' : `compiling ${twin.test}, made impossible`;
    const done = await build({
      ...{ running: check, compiled, files, what, instruments },
      ids: some.map(({ id }) => id),
      seconds: check.secondsPerBuild ?? SECONDS_PER_BUILD,
    });
    built.set(twin, done.files);
    runs.push(done.run);
  }
  const read = new Set(ids.map(fileOf));
  return {
    files: new Map([...all].filter(([path]) => !read.has(path))),
    filesOf: ({ twin }) => built.get(twin) ?? new Map(),
    runs,
  };
}

function twinOf(files: Artifact, twin: Flip): Uint8Array {
  const text = Buffer.from(files.get(twin.path) ?? []).toString('utf8');
  return Buffer.from(flipped(text, twin));
}
