// What the pool's commands work with: the tables, the logs that they are made of, and what campaigns planned.
import { readWhole } from '../../activities/pipeline-record.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { SegmentSource } from '../../contracts/segment.ts';
import type { TableFiles } from '../../contracts/table-files.ts';
import type { Planned } from '../../gateway/pool/tables/ledgers.ts';
import { createStoreSource } from '../../gateway/segments/store-source.ts';
import { openTableFiles } from '../../infra/store/table-files/open.ts';
import { specKey } from '../../infra/temporal/campaign-names.ts';
import { type Signal, signalOf } from '../../policies/advantage.ts';
import { readPlans } from '../rollouts.ts';
import type { Session } from '../session.ts';

export interface PoolPorts {
  readonly store: Session['store'];
  readonly files: TableFiles;
  readonly source: SegmentSource;
}

export const poolPorts = ({ config, store }: Session): PoolPorts => ({
  store,
  files: openTableFiles(config),
  source: createStoreSource(store),
});

export interface PlannedCampaign {
  readonly plans: readonly Planned[];
  /** Where rollouts overlap with training: what each round trained on, groups of several plans. */
  readonly steps?: readonly Planned[];
  readonly signal: Signal;
}

/** Without a plan every rollout counts as requested, and its reward is compared within its group. */
const UNPLANNED: PlannedCampaign = { plans: [], signal: { by: 'group', divided: false } };

export async function plannedOf({ store }: Session, name: string): Promise<PlannedCampaign> {
  const campaign = campaignName.parse(name);
  const documents = createDocuments(store);
  const plans = await readPlans(store, documents, campaign);
  const spec = await store.readNamed(specKey(campaign));
  if (plans.length === 0 || spec === undefined) return { ...UNPLANNED, plans: plans.map(({ plan }) => plan) };
  const { training, pipeline } = await documents.spec(
    artifactRef.parse(JSON.parse(new TextDecoder().decode(spec.bytes))),
  );
  const signal = signalOf(training);
  if (pipeline === undefined) return { plans: plans.map(({ plan }) => plan), signal };
  // A plan for each group: many of them lie below one prefix.
  const grouped = plans.map(({ plan }) => (plan.purpose === 'train' ? { ...plan, byGroup: true } : plan));
  return { plans: grouped, steps: await stepsOf(store, documents, campaign), signal };
}

/** The groups that each round took, in the order in which it took them: what its batch was assembled from. */
async function stepsOf(store: Session['store'], documents: Documents, campaign: CampaignName): Promise<Planned[]> {
  const { groups = [] } = (await readWhole(store, documents, campaign)) ?? {};
  const taken = new Map<number, { order: number; plan: Promise<RolloutPlan> }[]>();
  for (const { taken: at, plan } of groups) {
    if (at === undefined || plan === undefined) continue;
    // The newest durable version when it was taken; the round makes the next one.
    const round = at.version + 1;
    taken.set(round, [...(taken.get(round) ?? []), { order: at.order, plan: documents.plan(plan) }]);
  }
  return Promise.all(
    [...taken].map(async ([round, some]): Promise<Planned> => {
      const plans = await Promise.all(some.toSorted((a, b) => a.order - b.order).map(({ plan }) => plan));
      const policies = plans.map(({ policy }) => policy);
      return {
        ...{ campaign, round, purpose: 'train', policy: policies.at(-1)!, sampledBy: policies },
        harness: plans[0]?.harness,
        rollouts: plans.flatMap(({ rollouts }) => rollouts),
      };
    }),
  );
}

/** The plan that a round's batch was assembled from. */
export function planOfRound({ plans, steps }: PlannedCampaign, campaign: string, round: number): Planned {
  const found = (steps ?? plans).filter((plan) => plan.purpose === 'train' && plan.round === round).at(-1);
  if (found === undefined)
    throw new AnnealError('rollout.none', `${campaign} has rolled nothing out in round ${round}`);
  return found;
}
