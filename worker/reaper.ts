// Every few minutes the worker looks for what campaigns that are over have left on the cluster.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CampaignName } from '../contracts/ids.ts';
import { campaignWorkflowId } from '../contracts/names.ts';
import type { Campaigns } from '../infra/temporal/campaigns.ts';
import type { Reaped } from '../k8s/servers/reaper.ts';
import type { SeenCampaign } from '../policies/reap.ts';
import type { Compute } from './compute.ts';

const EVERY_MS = 5 * 60_000;

/** Runs until the signal. What fails is told and tried again at the next look. */
export async function reapRegularly(
  reap: NonNullable<Compute['reap']>,
  campaigns: Pick<Campaigns, 'newestRun' | 'savedState'>,
  signal: AbortSignal,
  everyMs = EVERY_MS,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const reaped = await reap((campaign) => look(campaign, campaigns));
      for (const one of reaped) say(`${one.campaign}: ${tell(one)}`);
    } catch (failure) {
      say(`leftovers could not be looked for: ${messageOf(failure)}`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Where Temporal does not know it (any more), only its own record can say that it is over. */
async function look(
  campaign: CampaignName,
  campaigns: Pick<Campaigns, 'newestRun' | 'savedState'>,
): Promise<Omit<SeenCampaign, 'createdAtMs'>> {
  const newest = await campaigns.newestRun(campaignWorkflowId(campaign));
  if (newest !== undefined)
    return { phase: newest.running ? 'running' : 'closed', closedAtMs: newest.closedAt?.getTime() };
  const ending = (await campaigns.savedState(campaign))?.ending;
  const over = ending !== undefined && ending !== 'running';
  return { phase: over ? 'closed' : 'absent', closedAtMs: undefined };
}

function tell(one: Reaped): string {
  if (one.what === 'failed') return `its leftovers could not be ended: ${messageOf(one.failure)}`;
  return `${one.what === 'close' ? 'ended' : 'removed'} its leftovers`;
}

const messageOf = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure));
const say = (line: string): void => void process.stderr.write(`${new Date().toISOString()} reaper: ${line}\n`);
