// The share of a campaign's steps that agents did, for its report.
import type { Client } from '@temporalio/client';
import type { CampaignState } from '../contracts/record.ts';
import type { Share } from '../contracts/share.ts';
import { type Checking, readAudit } from '../infra/audit/verify.ts';
import { readHistories } from '../infra/temporal/histories.ts';
import { ofCampaign, shareOf } from '../policies/share.ts';

const MOST_MS = 60_000;

/** @throws where Temporal does not answer, or there is more than can be read in a minute */
export async function shareInReport(
  client: Client,
  audit: Omit<Checking, 'witnesses'>,
  { campaign, startedAt }: Pick<CampaignState, 'campaign' | 'startedAt'>,
): Promise<Share> {
  const late = AbortSignal.timeout(MOST_MS);
  const all = await readHistories(client, { since: new Date(startedAt), signal: late });
  const { entries, problems } = await readAudit({ ...audit, witnesses: [] });
  const broken = new Set(problems.map(({ number }) => number));
  const events = entries.flatMap(({ entry }) => (broken.has(entry.number) ? [] : [entry.event]));
  return shareOf(ofCampaign(campaign, all.histories), { audit: events, cut: all.cut });
}
