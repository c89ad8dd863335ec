// Gathers what the conservation check compares: the plans from the store, the results from the jobs, the records from the pool.
import { z } from 'zod';
import { AnnealError } from '../contracts/errors.ts';
import { type RolloutId, rolloutId, trainingJobName } from '../contracts/ids.ts';
import { type JobResult, type JobRunner, jobResult } from '../contracts/job.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import type { CampaignState, Conservation, RoundRecord } from '../contracts/record.ts';
import type { Trajectory } from '../contracts/trajectory.ts';
import { signalOf } from '../policies/advantage.ts';
import { hasForeignWeights } from '../policies/answered-by.ts';
import { checkConservation } from '../policies/conservation.ts';
import { type PoolCompletion, poolLedger } from '../policies/pool-ledger.ts';
import { bookGroups } from './group-books.ts';
import type { WholeRecord } from './pipeline-record.ts';
import { completionsOf } from './plan-records.ts';
import type { Documents } from './read.ts';

export interface ConservationPorts {
  documents: Documents;
  gateway: ModelGateway;
  jobs: Pick<JobRunner, 'state'>;
}

/** A batch account's line, as assembleBatch wrote it. */
const accounted = z.looseObject({
  id: rolloutId,
  state: z.enum(['train', 'masked', 'cancelled']),
  reason: z.string().optional(),
});

export async function conserve(
  { documents, gateway, jobs }: ConservationPorts,
  campaign: {
    readonly state: CampaignState;
    /** Archived ones included. */
    readonly rounds: readonly RoundRecord[];
    readonly plans: readonly RolloutPlan[];
    readonly trajectories: readonly Trajectory[];
    /** Those that may have lost records with a gateway's volume. */
    readonly lost: ReadonlySet<RolloutId>;
    /** Where rollouts overlap with training: what decided which of them trained. */
    readonly overlapping?: WholeRecord | undefined;
  },
): Promise<Conservation> {
  const { state, rounds, plans, trajectories, lost, overlapping } = campaign;
  const records = new Map(rounds.map((record) => [record.round, record]));
  const training = plans.filter((plan) => plan.purpose === 'train');
  const ended = state.ending === 'cancelled' || state.ending === 'aborted';
  const requested = training.flatMap((plan) => plan.rollouts.map((rollout) => rollout.id));

  const inTurn = training.map((plan) => ({
    round: plan.round,
    ids: plan.rollouts.map((rollout) => rollout.id),
    left: ended && !records.has(plan.round),
  }));
  const booked =
    overlapping === undefined
      ? inTurn
      : await bookGroups(documents, { state, ended, groups: overlapping.groups, planned: inTurn });

  const results: { round: number; result: JobResult }[] = [];
  const unreadable: string[] = [];
  for (const round of new Set(booked.map((plan) => plan.round))) {
    const result = await resultOf(round);
    if (result !== undefined) results.push({ round, result });
  }
  const completions: PoolCompletion[] = [];
  // Plan by plan, and only what the ledger looks at: a campaign's token ids together may not fit into memory.
  for (const plan of training) completions.push(...(await completionsIn(plan)));

  const checked = checkConservation({
    plans: booked,
    jobs: results.map(({ round, result }) => ({ round, trained: result.trained, dropped: result.dropped })),
    pool: poolLedger(
      [...new Set(requested)],
      trajectories.flatMap((t) => (t.purpose === 'train' ? [{ ...t, reward: t.reward?.total }] : [])),
      completions,
      signalOf((await documents.spec(state.spec)).training),
      lost,
    ),
    trajectories,
    accounts: (await Promise.all(rounds.map((r) => documents.read(z.array(accounted), r.account)))).flat(),
    others: plans.flatMap((plan) =>
      plan.purpose === 'train'
        ? []
        : [{ purpose: plan.purpose, ids: plan.rollouts.map((r) => r.id), left: ended && !measured(plan) }],
    ),
  });
  if (unreadable.length === 0) return checked;
  return { ...checked, balanced: false, problems: [...checked.problems, ...unreadable] };

  /**
   * By the job's name, not by the workflow's records: a campaign that was ended after its training has a result that no round
   * names. The imported copy stands in where the job's folder was cleared away or cannot be read; without one that is a problem
   * to report, not a reason to have no report.
   */
  async function resultOf(round: number): Promise<JobResult | undefined> {
    const imported = records.get(round)?.training;
    try {
      const job = await jobs.state(trainingJobName(state.campaign, round));
      if (job.phase === 'done') return job.result;
    } catch (failure) {
      if (!(failure instanceof AnnealError)) throw failure;
      if (imported === undefined) unreadable.push(`what round ${round} trained cannot be read: ${failure.message}`);
    }
    return imported === undefined ? undefined : documents.read(jobResult, imported.result);
  }

  async function completionsIn(plan: RolloutPlan): Promise<PoolCompletion[]> {
    // Plans of single groups share all but the group's name.
    const records = await completionsOf(gateway, overlapping === undefined ? plan : { ...plan, byGroup: true });
    return records.map((record) => {
      const { id, rollout, index, fidelity, finish, completionIds } = record;
      const otherWeights = hasForeignWeights(plan, plan.policy, record);
      return { id, rollout, index, fidelity, finish, tokens: completionIds.length, otherWeights };
    });
  }

  /** Whether the workflow has the result of this evaluation. */
  function measured(plan: RolloutPlan): boolean {
    if (plan.purpose === 'sealed') return state.sealed !== undefined;
    if (plan.round > 0) return records.has(plan.round) || isBestAgain(plan);
    const certifies = plan.purpose === 'again' || plan.purpose === 'visible';
    return (certifies ? state.certified : state.baseline) !== undefined;
  }

  /** The best version is measured again before a round that may not be finished. */
  function isBestAgain({ purpose, policy }: RolloutPlan): boolean {
    return purpose === 'again' && state.certified?.best?.version === policy.number;
  }
}
