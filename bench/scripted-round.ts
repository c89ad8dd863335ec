// One round with scripted activities that do nothing: once as the real workflows play it, once as plain calls in a row.
import { type Client, WorkflowContinuedAsNewError } from '@temporalio/client';
import type { RolloutActivities } from '../activities/interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { campaignWorkflowId, QUEUES } from '../contracts/names.ts';
import type { PlanHandle } from '../contracts/plan.ts';
import type { CampaignInput, CampaignState } from '../contracts/record.ts';
import { firstState, scriptedActivities, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { SHARD_SIZE } from '../workflows/rollouts.ts';
import { cpuSeconds } from './cpu.ts';
import { type HistorySize, historySize } from './histories.ts';

const ROUND = 1;

export interface PlayedRound {
  readonly seconds: number;
  /** Of the rollout stage alone: planning the round and its training rollouts. */
  readonly rolloutSeconds: number;
  /** CPU time of the server and of the worker: what a busy machine cannot stretch. */
  readonly cpu: number;
  readonly history: HistorySize;
}

const SHORT: Pick<RolloutActivities, 'generate' | 'grade' | 'play'> = {
  generate: async () => ({ tokens: 10, milliseconds: 0 }),
  grade: async () => ({ milliseconds: 0 }),
  play: async ({ indices }) => ({ played: indices.length, tokens: indices.length * 10, milliseconds: 0 }),
};

export type ScriptedRounds = ReturnType<typeof scriptedRounds>;

/** @param short whether rollouts say that they take no time */
export function scriptedRounds(short: boolean) {
  // The candidate is better than version 0, so that the rule promotes it and asks no human.
  const { activities: scripted, told } = scriptedActivities({ passRates: [0.2, 0.6] });
  const sizes = new Map<string, number>();
  const activities = {
    ...scripted,
    async planTraining(input: Parameters<typeof scripted.planTraining>[0]) {
      return { ...(await scripted.planTraining(input)), rollouts: sizes.get(input.policy.campaign)! };
    },
    ...(short ? SHORT : {}),
  };

  /** A campaign that has built its tasks and measured version 0: its first run plays one round and nothing else. */
  async function prepare(name: string, rollouts: number, concurrency: number): Promise<CampaignInput> {
    const spec = scriptedSpec(name, {
      rounds: ROUND,
      rollouts: { ...scriptedSpec(name).rollouts, concurrency },
    });
    sizes.set(name, rollouts);
    const state = firstState(spec);
    const taskSet = await scripted.buildTaskSet({ campaign: spec.name, spec: state.spec });
    const { plan } = await scripted.planEvaluation({
      spec: state.spec,
      taskSet,
      round: 0,
      split: 'gate',
      policy: state.policies[0]!,
    });
    return { spec, state: { ...state, taskSet, baseline: await scripted.measure({ plan, ...spec.evaluation }) } };
  }

  /** From the campaign's start until its run has continued as new: a round is a run. */
  async function play(client: Client, server: number, input: CampaignInput): Promise<PlayedRound> {
    const workflowId = campaignWorkflowId(input.spec.name);
    const used = cpuSeconds([server]);
    const began = performance.now();
    const { firstExecutionRunId: runId } = await client.workflow.start('campaign', {
      workflowId,
      taskQueue: QUEUES.control,
      args: [input],
    });
    try {
      await client.workflow.getHandle(workflowId, runId, { followRuns: false }).result();
      throw new Error(`${workflowId} ended where it should have continued as new`);
    } catch (failure) {
      if (!(failure instanceof WorkflowContinuedAsNewError)) throw failure;
    }
    const seconds = (performance.now() - began) / 1000;
    const cpu = cpuSeconds([server]) - used;
    // The next run would ask a human about the sealed split.
    await client.workflow.getHandle(workflowId).terminate('measured');
    const saved = told.saved.find((state) => state.campaign === input.spec.name && state.round === ROUND)!;
    if (saved.rounds[0]?.verdict !== 'promote') throw new Error('the round did not go as scripted');
    const rolloutSeconds = saved.stages.find(({ stage }) => stage === 'rollout')!.seconds;
    return { seconds, rolloutSeconds, cpu, history: await historySize(client, workflowId, runId) };
  }

  /** The same functions in the same order, shard for shard and lane for lane. Seconds. */
  async function playDirectly({ spec, state }: CampaignInput): Promise<number> {
    const began = performance.now();
    const from = state.policies[0]!;
    const [round, taskSet, confidence] = [ROUND, state.taskSet!, spec.evaluation.confidence];
    const training = await activities.planTraining({ spec: state.spec, taskSet, round, policy: from });
    await rollDirectly(training, spec);
    await activities.measure({ plan: training.plan, confidence });
    const { document } = await activities.assembleBatch({
      spec: state.spec,
      plan: training.plan,
      round,
      from,
      to: round,
    });
    if (document === null) throw new Error('scripted batches always train');
    await activities.runJob({ document });
    const { policy } = await activities.importJob({ document, campaign: spec.name, parent: from.number });
    const gate = await activities.planEvaluation({ spec: state.spec, taskSet, round, split: 'gate', policy });
    await rollDirectly(gate, spec);
    await activities.measure({ plan: gate.plan, confidence, baseline: state.baseline! });
    await activities.saveState({ state: { ...state, policies: [from, policy] } satisfies CampaignState });
    return (performance.now() - began) / 1000;
  }

  async function rollDirectly({ plan, rollouts }: PlanHandle, spec: CampaignSpec): Promise<void> {
    for (let start = 0; start < rollouts; start += SHARD_SIZE) {
      const indexes = Array.from({ length: Math.min(SHARD_SIZE, rollouts - start) }, (_, n) => start + n).values();
      // One iterator for all lanes: each takes the next index when it is free.
      await Promise.all(Array.from({ length: spec.rollouts.concurrency }, () => lane(plan, indexes)));
    }
  }

  async function lane(plan: ArtifactRef, indexes: Iterable<number>): Promise<void> {
    for (const index of indexes) {
      await activities.generate({ plan, index });
      await activities.grade({ plan, index });
    }
  }

  return { activities, prepare, play, playDirectly };
}
