// A worker that judges one group of rollouts as every worker does (activities/rollouts.ts), with a pool in memory, and what a workflow
// does about a failure that outlasts its attempts (workflows/rollouts.ts): the machine's own make the stage wait, others mask.
import { createRolloutActivities } from '../../activities/rollouts.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName, makePolicyName, makeRolloutId, type RolloutId } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { ModelGateway, Sandbox } from '../../contracts/ports.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import { referenceTo, type Sample } from '../../evals/hacks/variant.ts';
import { blamesMachine } from '../../policies/retry.ts';

const campaign = campaignName.parse('accept');
const policy = { name: makePolicyName(campaign, 0), number: 0 };
export const ROLLOUTS = [0, 1, 2].map((sample) =>
  makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample }),
);

export interface Machine {
  readonly store: ArtifactStore;
  readonly sandbox: Sandbox;
  readonly secret: string;
}

export interface Ended {
  /** `recorded` by the judgement itself; `masked` by the workflow; `waits`: nothing is on record, and the stage asks. */
  readonly how: 'recorded' | 'masked' | 'waits';
  /** Of a judgement that was given up and went on: resolves when it has ended, too. */
  readonly late: Promise<unknown>;
}

export interface Group {
  /** @param stalled resolves when the call is taken for lost, as after the activity's time-out */
  play(sample: number, machine: Machine, stalled?: Promise<void>): Promise<Ended>;
  recordOf(sample: number): Trajectory | undefined;
}

/** @param known what is on record of it already */
export function groupOf(
  { task }: Pick<Sample, 'task'>,
  replies: readonly string[],
  known: readonly Trajectory[] = [],
): Group {
  const plan = {
    ...{ campaign, round: 1, purpose: 'train', split: 'visible', policy, timeoutMs: 5_000 },
    harness: { system: '', prompt: '{instruction}', maxTokens: 64, temperature: 0 },
    reward: { correctness: 1, partial: 0, format: 0.2 },
    rollouts: ROLLOUTS.map((id) => ({ id, group: 'g0', task: task.id, seed: 1 })),
  } as unknown as RolloutPlan;
  const split = { tasks: [task] };
  const records = new Map<RolloutId, Trajectory>(known.map((record) => [record.rollout, record]));
  const gateway = poolOf(records, replies);
  const at = (index: number) => ({ plan: referenceTo('a plan'), index });
  return {
    async play(sample, { store, sandbox, secret }, stalled) {
      const act = createRolloutActivities({
        ...{ store, gateway, sandbox, secret },
        documents: { plan: async () => plan, split: async () => split } as never,
        policies: { serve: async () => ({ lost: [] }), ensure: async () => undefined, repair: async () => undefined },
      });
      const grading = act.grade(at(sample));
      const late = grading.catch(() => undefined);
      const lost = stalled?.then(() => Promise.reject(new Error('the activity timed out')));
      try {
        await Promise.race([grading, ...(lost === undefined ? [] : [lost])]);
        return { how: 'recorded', late };
      } catch (failure) {
        const code = failure instanceof AnnealError ? failure.code : 'internal.bug';
        if (blamesMachine(code)) return { how: 'waits', late };
        await act.mask({ ...at(sample), outcome: 'verifier_failure', reason: code });
        return { how: 'masked', late };
      }
    },
    recordOf: (sample) => records.get(ROLLOUTS[sample]!),
  };
}

function poolOf(records: Map<RolloutId, Trajectory>, replies: readonly string[]): ModelGateway {
  const completion = (id: RolloutId) => ({
    ...{ id: `${id}/c0`, rollout: id, text: replies[ROLLOUTS.indexOf(id)] ?? '', finish: 'stop' },
    ...{ promptIds: [1], completionIds: [2, 3], milliseconds: 1_000 },
  });
  return {
    complete: () => Promise.reject(new AnnealError('internal.bug', 'nobody is asked')),
    async recordTrajectory(record) {
      const known = records.get(record.rollout);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(record))
        throw new AnnealError('gateway.conflict', 'another record stands');
      records.set(record.rollout, record);
    },
    trajectories: async (prefix) => [...records.values()].filter(({ rollout }) => rollout.startsWith(prefix)),
    completions: async (prefix) => [completion(prefix as RolloutId)] as never,
    operations: async () => [],
  };
}
