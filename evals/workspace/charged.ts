// Whose doing it is that a driver was lost while a candidate ran. It may have met a busy machine, and what befalls a sample here must not
// be charged to the policy; it may have met the candidate, and whoever can end what judges it must not have its sample masked.
import { AnnealError } from '../../contracts/errors.ts';
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

/**
 * Once more in a fresh sandbox where the driver was lost after the candidate had begun.
 * @throws AnnealError `EndedByCandidate`; else as `RunWorkspace`
 */
export async function runCharged(sandbox: Sandbox, run: WorkspaceRun): Promise<WorkspaceResult> {
  const first = await unlessLost(sandbox, run);
  if (!(first instanceof DriverLost)) return first;
  const second = await unlessLost(sandbox, run);
  if (!(second instanceof DriverLost)) return second;
  await plainRun(sandbox, run);
  throw new EndedByCandidate(second.message);
}

async function unlessLost(sandbox: Sandbox, run: WorkspaceRun): Promise<WorkspaceResult | DriverLost> {
  try {
    return await runWorkspace(sandbox, run);
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
