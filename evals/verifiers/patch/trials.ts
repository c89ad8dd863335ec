// Running tests of a repository, one a sandbox, and telling the real ones from their impossible twins afterwards.
import { availableParallelism } from 'node:os';
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import { runCharged } from '../../workspace/charged.ts';
import { runWorkspace } from '../../workspace/run.ts';
import type { StepResult } from '../../workspace/workspace.ts';
import type { Artifact } from '../artifact.ts';
import { evidenceOf } from '../gates.ts';
import type { Instruments } from '../verifier.ts';
import type { Flip, PatchCheck } from './check.ts';
import { build, withoutStrays } from './compiled.ts';
import { flipped } from './flips.ts';
import { inTurn } from './in-turn.ts';
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

/**
 * Of ours, where nobody would gain by comparing. Those of a judgement take turns: sandboxes that live at a time share a kernel, its locks,
 * its load and its watches on files, and by these one trial could ask another which text it has.
 */
const OURS_AT_A_TIME = Math.min(4, availableParallelism());
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
  /** Code of ours or of the task, not of a policy: nobody is to be charged with how it ends. */
  readonly ours?: true;
  /** Nothing after the first real run that did not pass is asked: it is decided. */
  readonly untilOneFails?: true;
}

/**
 * Every trial in a sandbox of its own, in an order that follows from the secret: neither its place nor anything beside the text of the
 * test tells a process which kind it is, and nothing of one is there for another to see.
 * @throws AnnealError `sandbox.*`, `verifier.failed`; `EndedByCandidate` (charged.ts)
 */
export async function runTrials(
  input: Trying,
): Promise<{ readonly tried: readonly Tried[]; readonly runs: readonly EvidenceRun[] }> {
  const { check, instruments, purpose, ours } = input;
  const { secret, sandbox } = instruments;
  const runner = RUNNERS[check.runner];
  const shuffled = input.trials
    .map((trial, index) => ({ trial, rank: drawn(secret, 'order', purpose, index) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ trial }) => trial);
  const { files, filesOf, runs } = await prepared(input, shuffled);
  const sealed = sealedFor(runner, instruments, check.reporting);
  const one = async (trial: Trial, index: number): Promise<{ tried: Tried; run: EvidenceRun }> => {
    const { step, outcome } = testStep({
      ...{ running: check, instruments, id: trial.id, seconds: check.secondsPerTest },
      number: `${purpose} ${index}`,
    });
    const { steps } = await (ours ? runWorkspace : runCharged)(sandbox, {
      files: new Map([...files, ...filesOf(trial)]),
      ...{ sealed, steps: [step], collect: [], limits: runner.limits },
    });
    const [seen] = steps as [StepResult];
    return { tried: { ...trial, outcome: outcome(seen) }, run: evidenceOf(nameOf(trial), step.argv, seen) };
  };
  const done = await inTurn(
    shuffled,
    ours ? OURS_AT_A_TIME : 1,
    one,
    ({ tried }) => input.untilOneFails === true && hasFailed(tried),
  );
  return { tried: done.map(({ tried }) => tried), runs: [...runs, ...done.map(({ run }) => run)] };
}

const hasFailed = ({ twin, outcome }: Tried): boolean => twin === undefined && outcome !== 'passed';

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
      ours: input.ours,
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
