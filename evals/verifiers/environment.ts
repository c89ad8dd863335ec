// On which root file system a task is done and judged: its own, where it names one. Whatever runs a candidate takes its sandbox from here, so
// that agent, candidate and tests see the same files. The grader's own process stays where it is, and loads nothing of a candidate.
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { ArtifactVerifier, Instruments } from './verifier.ts';

/** One for each root: what is remembered of a sandbox (which languages it runs) holds for its root alone. */
const made = new WeakMap<Sandbox, Map<string, Sandbox>>();

/** The same sandbox where the task names no environment. */
export function sandboxOn(sandbox: Sandbox, environment: ArtifactRef | null): Sandbox {
  if (environment === null) return sandbox;
  const known = made.get(sandbox) ?? new Map<string, Sandbox>();
  made.set(sandbox, known);
  const there = known.get(environment.sha256);
  if (there !== undefined) return there;
  const on: Sandbox = {
    describe: async () => `${await sandbox.describe()}; on the environment ${environment.sha256}`,
    run: (request) => sandbox.run({ ...request, root: environment }),
  };
  known.set(environment.sha256, on);
  return on;
}

/** The machine's toolchains lie in folders that are not on another root, which brings its own. */
export function instrumentsOn(instruments: Instruments, environment: ArtifactRef | null): Instruments {
  if (environment === null) return instruments;
  const { toolchains: _, ...others } = instruments;
  return { ...others, sandbox: sandboxOn(instruments.sandbox, environment) };
}

/** A verifier that only reads what was handed in does so with the programs that it was made with. */
export const instrumentsFor = (
  instruments: Instruments,
  { environment }: Pick<ArtifactTask, 'environment'>,
  { runsCandidate }: Pick<ArtifactVerifier, 'runsCandidate'>,
): Instruments => (runsCandidate === true ? instrumentsOn(instruments, environment) : instruments);
