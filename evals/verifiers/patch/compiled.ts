// Compiling the tests of a language that has to be compiled: each version once, in a sandbox of its own, and the tests then run what came
// out of it. A build may run the candidate's code (macros, build scripts), so it is not asked whether it went well: what it leaves is
// tried, and what it does not leave cannot pass.
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import { runCharged } from '../../workspace/charged.ts';
import { runWorkspace } from '../../workspace/run.ts';
import type { Artifact } from '../artifact.ts';
import { evidenceOf } from '../gates.ts';
import type { Instruments } from '../verifier.ts';
import type { PatchCheck } from './check.ts';
import { type Compiled, fileOf, launched, RUNNERS, type Running, sealedFor } from './runners.ts';

/** Where launched.py has it too. */
const BUILT = '.anneal-built/';
const MOST_BUILT_BYTES = 64 * 2 ** 20;

export interface Built {
  /** Executables, archives. */
  readonly files: Artifact;
  readonly run: EvidenceRun;
}

/** What a patch left where built things lie, and tests that would come along unasked. */
export function withoutStrays(
  repository: Artifact,
  { tests }: Pick<PatchCheck, 'tests'>,
  ids: readonly string[],
  { comesAlong }: Compiled,
): Artifact {
  const own = new Set([...Object.keys(tests), ...ids.map(fileOf)]);
  const strays = (path: string): boolean =>
    path.startsWith(BUILT) || (comesAlong?.test(path) === true && !own.has(path));
  return new Map([...repository].filter(([path]) => !strays(path)));
}

/**
 * @param ids what will be asked of it: nothing else is compiled
 * @throws AnnealError `sandbox.*`, `verifier.failed`
 */
export async function build(input: {
  readonly running: Running;
  readonly compiled: Compiled;
  readonly files: Artifact;
  readonly ids: readonly string[];
  readonly seconds: number;
  readonly what: string;
  readonly instruments: Instruments;
  readonly ours: true | undefined;
}): Promise<Built> {
  const { running, compiled, instruments } = input;
  const runner = RUNNERS[running.runner];
  const { steps, collected } = await (input.ours ? runWorkspace : runCharged)(instruments.sandbox, {
    files: input.files,
    sealed: sealedFor(runner, instruments),
    steps: [
      {
        what: input.what,
        argv: compiled.argv,
        ...launched(running, instruments, { ids: [...new Set(input.ids)].sort() }),
        wallMs: input.seconds * 1_000,
      },
    ],
    collect: [{ path: BUILT, maxBytes: MOST_BUILT_BYTES, required: false }],
    limits: runner.limits,
  });
  return { files: collected, run: evidenceOf(input.what, compiled.argv, steps[0]!) };
}
