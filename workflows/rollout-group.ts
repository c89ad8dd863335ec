// One group of a campaign whose rollouts overlap with training. It outlives the run of the campaign that started it, which continues as new
// after each round, and says by signal that it has ended; what came of it is in the pool. One that nobody listens to ends by itself.
import { ActivityFailure, ApplicationFailure, getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';
import type { CampaignName } from '../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId } from '../contracts/names.ts';
import { rollouts, type Shard } from './rollouts.ts';

export interface RolloutGroup {
  campaign: CampaignName;
  position: number;
  shard: Shard;
}

/** Sent to the campaign. */
export interface GroupEnded {
  position: number;
  tokens: number;
  /** The machine is at fault: a human is asked, and the group is played again. */
  failure?: { code: string; message: string };
}

export async function rolloutGroup({ campaign, position, shard }: RolloutGroup): Promise<void> {
  const listener = getExternalWorkflowHandle(campaignWorkflowId(campaign));
  const told = await rollouts(shard).then(
    ({ tokens }): GroupEnded => ({ position, tokens }),
    (failure: unknown): GroupEnded => {
      if (isCancellation(failure)) throw failure;
      return { position, tokens: 0, failure: causeOf(failure) };
    },
  );
  await listener.signal<[GroupEnded]>(CAMPAIGN.groupEnded, told).catch((failure: unknown) => {
    if (isCancellation(failure)) throw failure;
    // Nobody listens any more: the campaign was terminated, or has ended.
  });
}

function causeOf(failure: unknown): NonNullable<GroupEnded['failure']> {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'internal.bug', message: cause.message };
  return { code: 'internal.bug', message: String(cause) };
}
