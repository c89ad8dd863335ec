// Judging an artifact by the verifier that its task names: what is not declared is refused first, then the verifier looks.
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { ComponentScore, Judgement } from '../../contracts/judgement.ts';
import type { Outcome } from '../../contracts/trajectory.ts';
import { type ComposedReward, composeReward, type RewardShares } from '../../policies/reward-composition.ts';
import { type Artifact, artifactHash, undeclared } from './artifact.ts';
import { instrumentsFor } from './environment.ts';
import { broken, refused } from './gates.ts';
import type { ArtifactVerifier, Found, Instruments } from './verifier.ts';

/** What became of one artifact. Without a judgement there is no reward: such a sample is masked, never scored 0. */
export type Judged =
  | {
      readonly outcome: Extract<Outcome, 'success' | 'policy_failure'>;
      readonly reward: ComposedReward;
      readonly judgement: Judgement;
    }
  | {
      readonly outcome: Extract<Outcome, 'infrastructure_failure' | 'verifier_failure'>;
      /** The error's code and message. */
      readonly reason: string;
    };

/**
 * @throws AnnealError `sandbox.unavailable`, `stack.python_missing`: this machine can judge nothing; `environment.unusable`: nothing of this
 * task; `task.invalid`: the task's own check cannot be read
 */
export async function judgeArtifact(input: {
  readonly task: ArtifactTask;
  readonly verifier: ArtifactVerifier;
  readonly artifact: Artifact;
  readonly given: Artifact;
  readonly shares: RewardShares;
  readonly instruments: Instruments;
  /** Process and speed components, which come with the rollout and not with its artifact. */
  readonly manner?: readonly ComponentScore[];
}): Promise<Judged> {
  const { task, verifier, artifact, given } = input;
  const instruments = instrumentsFor(input.instruments, task, verifier);
  const check = verifier.check.safeParse(task.check);
  if (!check.success) {
    const problems = check.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new AnnealError('task.invalid', `${verifier.ref.name} cannot read the check of ${task.id}: ${problems}`);
  }
  let found: Found;
  try {
    found = refusal(artifact, task) ?? (await verifier.judge({ check: check.data, artifact, given, instruments }));
  } catch (failure) {
    // A mistake of ours that one artifact meets must not end the judging of others; the record says that it is one. What was cancelled, and
    // what the machine lacks, is no mistake, and is thrown.
    if (isMistake(failure)) return { outcome: 'verifier_failure', reason: `internal.bug: ${failure}` };
    if (!(failure instanceof AnnealError)) throw failure;
    const outcome = outcomeOf(failure);
    if (outcome === undefined) throw failure;
    return { outcome, reason: `${failure.code}: ${failure.message}` };
  }
  found = recordable(found);
  found = { ...found, components: [...found.components, ...(input.manner ?? [])] };
  const reward = composeReward(found, input.shares);
  const judgement: Judgement = {
    schema: 'anneal/judgement/v1',
    verifier: verifier.ref,
    task: task.id,
    artifact: artifactHash(artifact),
    gates: [...found.gates],
    components: found.gates.every((gate) => gate.passed) ? [...found.components] : [],
    runs: [...found.runs],
    seen: found.seen,
  };
  return { outcome: reward.solved ? 'success' : 'policy_failure', reward, judgement };
}

/** The first gate of every verifier. */
function refusal(artifact: Artifact, task: ArtifactTask): Found | undefined {
  const problems = undeclared(artifact, task.deliverables);
  if (problems.length === 0) return undefined;
  const why = problems.map((problem) => `${problem.path} ${problem.why}`.trim()).join('; ');
  return { gates: [{ name: 'declared', passed: false, why }], components: [], runs: [], seen: null };
}

const isMistake = (failure: unknown): boolean =>
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => failure instanceof kind);

/** What no record can hold (a number beyond all numbers) was computed of what was handed in, which a sample is not masked for. */
function recordable(found: Found): Found {
  try {
    canonicalJson(found);
    return found;
  } catch (failure) {
    const gates = found.gates.filter(({ passed }) => passed);
    return refused([...gates, broken('recorded', `what was found cannot be written down: ${failure}`)]);
  }
}

function outcomeOf(failure: AnnealError): 'infrastructure_failure' | 'verifier_failure' | undefined {
  if (failure.code === 'sandbox.failed') return 'infrastructure_failure';
  if (failure.code === 'verifier.failed' || failure.code === 'judge.unavailable') return 'verifier_failure';
  return undefined;
}
