// Running tests of a repository, one a process, and telling the real ones from their impossible twins afterwards.
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import { runWorkspace } from '../../workspace/run.ts';
import type { Artifact } from '../artifact.ts';
import { evidenceOf } from '../gates.ts';
import type { Instruments } from '../verifier.ts';
import type { Flip, PatchCheck } from './check.ts';
import { flipped } from './flips.ts';
import { drawn, RUNNERS, sealedFor, type TestOutcome, testStep } from './runners.ts';

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

/**
 * Every trial in a workspace of its own, in an order that follows from the secret: neither its place nor anything beside the text of the
 * test tells a process which kind it is.
 * @throws AnnealError `sandbox.*`, `verifier.failed`
 */
export async function runTrials(input: {
  readonly check: Pick<PatchCheck, 'runner' | 'sources' | 'tests' | 'secondsPerTest'>;
  readonly repository: Artifact;
  readonly trials: readonly Trial[];
  readonly instruments: Instruments;
  /** Tells these trials from others of the same secret. */
  readonly purpose: string;
}): Promise<{ readonly tried: readonly Tried[]; readonly runs: readonly EvidenceRun[] }> {
  const { check, repository, instruments, purpose } = input;
  const { secret } = instruments;
  const runner = RUNNERS[check.runner];
  const files = new Map([
    ...repository,
    ...Object.entries(check.tests).map(([path, text]) => [path, Buffer.from(text)] as const),
  ]);
  const shuffled = input.trials
    .map((trial, index) => ({ trial, rank: drawn(secret, 'order', purpose, index) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ trial }) => trial);
  const tried: Tried[] = [];
  const runs: EvidenceRun[] = [];
  for (let from = 0; from < shuffled.length; from += TRIALS_A_SANDBOX) {
    const trials = shuffled.slice(from, from + TRIALS_A_SANDBOX);
    const prepared = trials.map(({ id, twin }, index) =>
      testStep({
        ...{ runner, id, secret, sources: check.sources, seconds: check.secondsPerTest },
        files: twin === undefined ? new Map() : new Map([[twin.path, twinOf(files, twin)]]),
        number: `${purpose} ${from + index}`,
      }),
    );
    const result = await runWorkspace(instruments.sandbox, {
      files,
      sealed: sealedFor(runner, instruments),
      steps: prepared.map(({ step }) => step),
      collect: [],
      limits: runner.limits,
    });
    for (const [index, trial] of trials.entries()) {
      const seen = result.steps[index]!;
      tried.push({ ...trial, outcome: prepared[index]!.outcome(seen) });
      runs.push(
        evidenceOf(
          trial.twin === undefined ? trial.id : `${trial.id}, made impossible`,
          prepared[index]!.step.argv,
          seen,
        ),
      );
    }
  }
  return { tried, runs };
}

function twinOf(files: Artifact, twin: Flip): Uint8Array {
  const text = Buffer.from(files.get(twin.path) ?? []).toString('utf8');
  return Buffer.from(flipped(text, twin));
}
