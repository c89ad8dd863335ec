// What the pool's commands work with: the tables, the logs that they are made of, and what campaigns planned.
import { createDocuments } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
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
  readonly files: TableFiles;
  readonly source: SegmentSource;
}

export const poolPorts = ({ config, store }: Session): PoolPorts => ({
  files: openTableFiles(config),
  source: createStoreSource(store),
});

export interface PlannedCampaign {
  readonly plans: readonly Planned[];
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
  const { training } = await documents.spec(artifactRef.parse(JSON.parse(new TextDecoder().decode(spec.bytes))));
  return { plans: plans.map(({ plan }) => plan), signal: signalOf(training) };
}

/** The plan that a round's batch was assembled from. */
export function planOfRound({ plans }: PlannedCampaign, campaign: string, round: number): Planned {
  const found = plans.filter((plan) => plan.purpose === 'train' && plan.round === round).at(-1);
  if (found === undefined)
    throw new AnnealError('rollout.none', `${campaign} has rolled nothing out in round ${round}`);
  return found;
}
