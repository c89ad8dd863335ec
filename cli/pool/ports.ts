// What the pool's commands work with: the tables, the logs that they are made of, and what campaigns planned.
import { z } from 'zod';
import { stateName } from '../../activities/campaign.ts';
import { readRecord } from '../../activities/pipeline-record.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import { campaignState, roundRecord } from '../../contracts/record.ts';
import type { SegmentSource } from '../../contracts/segment.ts';
import type { TableFiles } from '../../contracts/table-files.ts';
import type { Planned } from '../../gateway/pool/tables/ledgers.ts';
import { createStoreSource } from '../../gateway/segments/store-source.ts';
import { openTableFiles } from '../../infra/store/table-files/open.ts';
import { specKey } from '../../infra/temporal/campaign-names.ts';
import { type Signal, signalOf } from '../../policies/advantage.ts';
import { stepAfter } from '../../policies/pipeline/advance.ts';
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
  readonly signal: Signal;
}

/** Without a plan every rollout counts as requested, and its reward is compared within its group. */
const UNPLANNED: PlannedCampaign = { plans: [], signal: { by: 'group', divided: false } };

export async function plannedOf({ store }: Pick<Session, 'store'>, name: string): Promise<PlannedCampaign> {
  const campaign = campaignName.parse(name);
  const documents = createDocuments(store);
  const plans = (await readPlans(store, documents, campaign)).map(({ plan }) => plan);
  const spec = await specOf(store, documents, campaign);
  if (plans.length === 0 || spec === undefined) return { ...UNPLANNED, plans };
  const signal = signalOf(spec.training);
  if (spec.pipeline === undefined) return { plans, signal };
  // A plan for each group: many of them lie below one prefix.
  const grouped = plans.map((plan) => (plan.purpose === 'train' ? { ...plan, byGroup: true } : plan));
  return { plans: grouped, signal };
}

export interface PlannedRound {
  readonly plan: Planned;
  readonly signal: Signal;
}

/**
 * The plan that a round's training job was given.
 * @throws AnnealError `rollout.none`
 */
export async function plannedRound(
  { store }: Pick<Session, 'store'>,
  name: string,
  round: number,
): Promise<PlannedRound> {
  const campaign = campaignName.parse(name);
  const documents = createDocuments(store);
  const spec = await specOf(store, documents, campaign);
  const plan =
    spec?.pipeline === undefined
      ? (await readPlans(store, documents, campaign))
          .map((one) => one.plan)
          .filter((one) => one.purpose === 'train' && one.round === round)
          .at(-1)
      : await planOfStep(store, documents, campaign, round);
  if (plan === undefined)
    throw new AnnealError('rollout.none', `${campaign} has no plan of what round ${round} trained on`);
  return { plan, signal: spec === undefined ? UNPLANNED.signal : signalOf(spec.training) };
}

/**
 * Where rollouts overlap with training a round's plan has no name of its own. The record of what runs leads to it until the next round is done, and
 * by then it is saved of the campaign: looked at in this order, one of them has it.
 */
async function planOfStep(
  store: Session['store'],
  documents: Documents,
  campaign: CampaignName,
  round: number,
): Promise<RolloutPlan | undefined> {
  const found = await readRecord(store, campaign);
  const step = found && stepAfter(round - 1, found.record);
  if (step !== undefined) return documents.plan(step.plan);
  const saved = await store.readNamed(stateName(campaign));
  if (saved === undefined) return undefined;
  const state = campaignState.parse(JSON.parse(new TextDecoder().decode(saved.bytes)));
  const archived = state.archivedRounds ? await documents.read(z.array(roundRecord), state.archivedRounds) : [];
  const played = [...archived, ...state.rounds].find((one) => one.round === round);
  return played && documents.plan(played.plan);
}

async function specOf(
  store: Session['store'],
  documents: Documents,
  campaign: CampaignName,
): Promise<CampaignSpec | undefined> {
  const named = await store.readNamed(specKey(campaign));
  return named && documents.spec(artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes))));
}
