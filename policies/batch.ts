// What a round's batch says of each rollout, from the records alone: the activity that hands a batch to the trainer and an export from the
// tables build the same lines by it.
import { AnnealError } from '../contracts/errors.ts';
import type { RolloutId } from '../contracts/ids.ts';
import type { BatchSample } from '../contracts/job.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { type AssembledSamples, assembleSamples, type GradedRollout, type Sample, type Signal } from './advantage.ts';
import { hasForeignWeights, trainsAs, type VersionsOfPlan } from './answered-by.ts';

/** What a batch weighs of a completion: everything but its tokens, of which it is enough to know how many there are. */
export type BatchCompletion = Pick<CompletionRecord, 'id' | 'rollout' | 'policy' | 'fidelity' | 'weights'> & {
  readonly tokens: number;
};

export const batchCompletion = ({
  id,
  rollout,
  policy,
  fidelity,
  weights,
  completionIds,
}: CompletionRecord): BatchCompletion => ({
  ...{ id, rollout, policy, fidelity, tokens: completionIds.length },
  ...(weights === undefined ? {} : { weights }),
});

/**
 * Of each trajectory what it names. One of a single reply that names nothing, what is there; an agent that asked nothing said nothing, whatever
 * an attempt before it left.
 */
function completionsNamed<C extends Pick<CompletionRecord, 'id' | 'rollout'>>(
  completions: readonly C[],
): (trajectory: Pick<Trajectory, 'rollout' | 'completions' | 'episode'>) => readonly C[] {
  const byId = new Map(completions.map((one) => [one.id, one]));
  const byRollout = new Map(completions.map((one) => [one.rollout, one]));
  return ({ rollout, completions: named, episode }) => {
    const answered = episode === undefined ? byRollout.get(rollout) : undefined;
    if (named.length === 0) return answered === undefined ? [] : [answered];
    const known = named.map((id) => byId.get(id)).filter((one) => one !== undefined);
    return known.length < named.length ? [] : known;
  };
}

function gradedRollout(
  { rollout, outcome, reward, episode, tokens }: Trajectory,
  said: readonly BatchCompletion[],
  plan: Sampling,
): GradedRollout {
  const sampler = samplerOf(plan, rollout);
  return {
    ...{ rollout, outcome, reward: reward?.total },
    fidelity: said.find(({ fidelity }) => fidelity === 'text-only')?.fidelity ?? said[0]?.fidelity,
    otherWeights: said.length === 0 || said.some((one) => hasForeignWeights(plan, sampler, one)),
    // One without tokens is none, and the rest of the rollout would be told its reward.
    completionTokens: episode === undefined ? tokens.completion : fewestTokens(said),
  };
}

const fewestTokens = (said: readonly BatchCompletion[]): number =>
  said.length === 0 ? 0 : Math.min(...said.map(({ tokens }) => tokens));

/** A line of the batch, before the completion's tokens are looked at. */
export interface ChosenLine<C> {
  readonly sample: Extract<Sample, { state: 'train' }>;
  readonly trajectory: Trajectory;
  readonly completion: C;
}

export interface AssembledBatch<C> extends Pick<AssembledSamples, 'samples' | 'ledger'> {
  /** In the order of the plan, and in a rollout in the order in which its trajectory names them. */
  readonly lines: readonly ChosenLine<C>[];
}

/**
 * Which completions a round trains on, from all that its plan left: one for each that a rollout which trains is made of.
 * @param of.weigh what counts of a completion, in whichever form the caller holds it
 * @throws AnnealError `campaign.unbalanced` where there are rollouts that nobody planned
 */
export function batchOf<C extends Pick<CompletionRecord, 'id' | 'rollout'>>(of: {
  readonly plan: Sampling & { readonly rollouts: readonly { readonly id: RolloutId }[] };
  readonly trajectories: readonly Trajectory[];
  readonly completions: readonly C[];
  readonly weigh: (completion: C) => BatchCompletion;
  readonly signal: Signal;
}): AssembledBatch<C> {
  const { plan, trajectories, weigh, signal } = of;
  const named = completionsNamed(of.completions);
  const { samples, ledger, strangers } = assembleSamples({
    planned: plan.rollouts.map(({ id }) => id),
    graded: trajectories.map((one) => gradedRollout(one, named(one).map(weigh), plan)),
    signal,
  });
  if (strangers.length > 0)
    throw new AnnealError(
      'campaign.unbalanced',
      `the pool holds rollouts nobody planned: ${strangers.slice(0, 5).join(', ')}`,
    );
  const byRollout = new Map(trajectories.map((one) => [one.rollout, one]));
  const lines = samples.flatMap((sample): ChosenLine<C>[] => {
    if (sample.state !== 'train') return [];
    const trajectory = byRollout.get(sample.id)!;
    return named(trajectory).map((completion) => ({ sample, trajectory, completion }));
  });
  return { samples, ledger, lines };
}

/**
 * A line of the batch: one for each completion of a rollout of several steps, with the advantage of the whole.
 * @param from the version that is trained
 */
export function batchLine(
  { sample: { id, group, advantage, reward }, trajectory: { episode } }: Omit<ChosenLine<unknown>, 'completion'>,
  { index, policy, promptIds, completionIds, logprobs, routing }: CompletionRecord,
  from: Pick<PolicyVersion, 'number'>,
): BatchSample {
  return {
    id,
    ...(episode === undefined ? {} : { completion: index }),
    ...{ group, promptIds, completionIds, logprobs, advantage, reward },
    // Each completion's own: its log-probabilities are that version's, whichever the rollout began with.
    policyVersion: trainsAs({ policy }, from),
    ...(routing === undefined ? {} : { routing }),
  };
}

/** `quickstart/r1/train.v0/g3/s5` → 0. */
export const versionOf = (id: RolloutId): number => Number(/\.v(\d+)\/g\d+\/s\d+$/.exec(id)![1]);

type Sampler = Pick<PolicyVersion, 'number' | 'weights'>;

/** Of a plan what says which versions its rollouts were to be sampled by. */
export interface Sampling extends VersionsOfPlan {
  readonly policy: Sampler;
  readonly sampledBy?: readonly Sampler[] | undefined;
}

/** The version that a rollout of a plan begins with. */
export function samplerOf({ policy, sampledBy = [] }: Pick<Sampling, 'policy' | 'sampledBy'>, id: RolloutId): Sampler {
  return sampledBy.find(({ number }) => number === versionOf(id)) ?? policy;
}
