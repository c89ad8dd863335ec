// The report's data, gathered from store, pool and job results; conservation is checked from three independent sources.
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { artifactRef } from '../contracts/artifact.ts';
import { evidence } from '../contracts/gate.ts';
import type { RolloutId } from '../contracts/ids.ts';
import { jobResult, stepMetrics } from '../contracts/job.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import {
  type CampaignState,
  type Conservation,
  type ReportData,
  type RoundRecord,
  roundRecord,
} from '../contracts/record.ts';
import type { Trajectory } from '../contracts/trajectory.ts';
import { checkConservation } from '../policies/conservation.ts';
import type { CampaignPorts } from './campaign.ts';
import type { CampaignActivities } from './interface.ts';
import type { Documents } from './read.ts';

export const reportName = (campaign: string): string => `campaigns/${campaign}/report`;
const SAMPLES_PER_ROUND = 8;

/** A batch account's line, as assembleBatch wrote it. */
const accounted = z.looseObject({
  id: z.string(),
  state: z.enum(['train', 'masked', 'cancelled']),
  reason: z.string().optional(),
});

export function createReportActivities(
  ports: Pick<CampaignPorts, 'manifest'> & { store: ArtifactStore; documents: Documents; gateway: ModelGateway },
): Pick<CampaignActivities, 'assembleReport'> {
  const { store, documents, gateway, manifest } = ports;
  return {
    async assembleReport({ state }) {
      const archived = state.archivedRounds ? await documents.read(z.array(roundRecord), state.archivedRounds) : [];
      const rounds = [...archived, ...state.rounds].sort((a, b) => a.round - b.round);
      const plans = await writtenPlans(state.campaign);
      const trajectories = await gateway.trajectories(`${state.campaign}/`);
      const conservation = await conserve(state, rounds, plans, trajectories);
      const data: ReportData = {
        schema: 'anneal/report/v1',
        state: { ...state, rounds },
        spec: await documents.spec(state.spec),
        taskSet: state.taskSet ? await documents.lock(state.taskSet) : null,
        evidences: await Promise.all(state.gates.map((gate) => documents.read(evidence, gate.evidence))),
        steps: await stepsOf(rounds),
        samples: await samplesOf(rounds, trajectories),
        conservation,
        manifest: state.taskSet ? await manifest({ spec: state.spec, taskSet: state.taskSet }) : null,
      };
      const report = await documents.write(data);
      const key = reportName(state.campaign);
      await store.swapNamed(key, (await store.readNamed(key))?.tag ?? null, JSON.stringify(report));
      return { report, conservation };
    },
  };

  async function writtenPlans(campaign: string): Promise<RolloutPlan[]> {
    const names = await store.listNamed(`campaigns/${campaign}/plans/`);
    return Promise.all(
      names.map(async (name) => {
        const object = await store.readNamed(name);
        return documents.plan(artifactRef.parse(JSON.parse(new TextDecoder().decode(object!.bytes))));
      }),
    );
  }

  async function conserve(
    state: CampaignState,
    rounds: readonly RoundRecord[],
    plans: readonly RolloutPlan[],
    trajectories: readonly Trajectory[],
  ): Promise<Conservation> {
    const accounts = (await Promise.all(rounds.map((r) => documents.read(z.array(accounted), r.account)))).flat();
    const results = await Promise.all(
      rounds.flatMap((r) =>
        r.training ? [documents.read(jobResult, r.training.result).then((result) => ({ round: r.round, result }))] : [],
      ),
    );
    const training = plans.filter((plan) => plan.purpose === 'train');
    const finished = new Set(rounds.map((r) => r.round));
    // A round that a human ended has no account: what it requested counts as cancelled, with or without a trajectory.
    const left = training.filter((plan) => !finished.has(plan.round)).flatMap((plan) => plan.rollouts.map((r) => r.id));
    const ended = state.ending === 'cancelled' || state.ending === 'aborted';
    return checkConservation({
      plans: training.map((plan) => ({ round: plan.round, ids: plan.rollouts.map((r) => r.id) })),
      jobs: results.map(({ round, result }) => ({ round, trained: result.trained, dropped: result.dropped })),
      trajectories,
      masks: accounts.flatMap((a) =>
        a.state === 'masked' ? [{ id: a.id as RolloutId, reason: a.reason ?? 'unknown' }] : [],
      ),
      cancelled: ended ? left : [],
      others: plans.flatMap((plan) =>
        plan.purpose === 'train' ? [] : [{ purpose: plan.purpose, ids: plan.rollouts.map((r) => r.id) }],
      ),
    });
  }

  async function stepsOf(rounds: readonly RoundRecord[]): Promise<ReportData['steps']> {
    const perRound = await Promise.all(
      rounds.map(async (r) =>
        r.training
          ? (await documents.read(z.array(stepMetrics), r.training.metrics)).map((step) => ({
              round: r.round,
              ...step,
            }))
          : [],
      ),
    );
    return perRound.flat();
  }

  /** A few rollouts of each round, passes and failures side by side, chosen by id so that a second report shows the same. */
  async function samplesOf(
    rounds: readonly RoundRecord[],
    trajectories: readonly Trajectory[],
  ): Promise<ReportData['samples']> {
    const chosen = rounds.flatMap((r) => {
      const graded = trajectories.filter((t) => t.round === r.round && t.purpose === 'train' && t.reward !== undefined);
      const passes = graded.filter((t) => t.outcome === 'success').slice(0, SAMPLES_PER_ROUND / 2);
      const failures = graded.filter((t) => t.outcome === 'policy_failure').slice(0, SAMPLES_PER_ROUND - passes.length);
      return [...passes, ...failures];
    });
    return Promise.all(
      chosen.map(async (t) => {
        const [completion] = await gateway.completions(t.rollout);
        const { total, components } = t.reward!;
        return {
          rollout: t.rollout,
          task: t.task,
          round: t.round,
          purpose: t.purpose,
          prompt: completion?.messages.map((m) => m.content).join('\n\n') ?? '',
          reply: completion?.text ?? '',
          outcome: t.outcome,
          total,
          ...components,
          verdict:
            t.reason ??
            (components.correctness === 1
              ? 'every case right'
              : `${Math.round(components.partial * 100)}% of the cases right`),
        };
      }),
    );
  }
}
