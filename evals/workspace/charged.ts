// Whose doing it is that a driver was lost while a candidate ran. It may have met a busy machine, and what befalls a sample here must not
// be charged to the policy; it may have met the candidate, and whoever can end what judges it must not have its sample masked.
import { AnnealError } from '../../contracts/errors.ts';
import type { GateResult } from '../../contracts/judgement.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { runWorkspace } from './run.ts';
import { DriverLost, type WorkspaceResult, type WorkspaceRun } from './workspace.ts';

const PLAIN_MS = 20_000;

/** A candidate ended its driver, and did so again in a fresh sandbox, where a program of ours did not. */
export class EndedByCandidate extends AnnealError {
  constructor(message: string) {
    super('verifier.failed', message);
  }
}

/** What such a candidate is refused by. */
export const LEAVES_ITS_DRIVER: GateResult = {
  name: 'leaves its driver alone',
  passed: false,
  why: 'the driver was lost while it ran, and again in a fresh sandbox, where a plain run of ours was not',
};

/**
 * Once more where the driver was lost after the candidate had begun.
 * @param run in a fresh sandbox each time
 * @param plain a run of ours under the same driver; throws where that does not get through either
 * @throws AnnealError `EndedByCandidate`; else as `run` and `plain`
 */
export async function charged<Result>(run: () => Promise<Result>, plain: () => Promise<void>): Promise<Result> {
  const first = await unlessLost(run);
  if (!(first instanceof DriverLost)) return first;
  const second = await unlessLost(run);
  if (!(second instanceof DriverLost)) return second;
  await plain();
  throw new EndedByCandidate(second.message);
}

/** @throws AnnealError `EndedByCandidate`; else as `RunWorkspace` */
export const runCharged = (sandbox: Sandbox, run: WorkspaceRun): Promise<WorkspaceResult> =>
  charged(
    () => runWorkspace(sandbox, run),
    () => plainRun(sandbox, run),
  );

async function unlessLost<Result>(run: () => Promise<Result>): Promise<Result | DriverLost> {
  try {
    return await run();
  } catch (failure) {
    if (failure instanceof DriverLost) return failure;
    throw failure;
  }
}

/** A program of ours with the same limits. @throws AnnealError `verifier.failed`, `sandbox.failed` where it does not get through either */
async function plainRun(sandbox: Sandbox, { limits }: WorkspaceRun): Promise<void> {
  const { steps } = await runWorkspace(sandbox, {
    files: new Map(),
    steps: [{ what: 'a plain run', argv: ['python3', '-I', '-S', '-c', 'pass'], wallMs: PLAIN_MS }],
    collect: [],
    limits,
  });
  const [step] = steps;
  if (step?.how !== 'exited' || step.exitCode !== 0)
    throw new AnnealError(
      'verifier.failed',
      `a driver was lost twice, and here a plain run of ours ${step?.how} as well`,
    );
}
