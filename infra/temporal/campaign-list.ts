// The campaigns that Temporal lists, one row each: every round is a run of its own.
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { CampaignName } from '../../contracts/ids.ts';
import { SEARCH } from '../../contracts/names.ts';
import type { CampaignState } from '../../contracts/record.ts';

export interface CampaignSummary {
  readonly name: string;
  /** Of its newest run, by Temporal: it calls every campaign that came to its own end completed. */
  readonly status: string;
  /** How it came to its own end; absent while it runs, and when it was cut off. */
  readonly ending?: Exclude<CampaignState['ending'], 'running'>;
  readonly stage: string;
  readonly round: number | undefined;
  readonly owner: string;
  /** Of the campaign: its newest run may have begun with its last round, or with a resume. */
  readonly startedAt: string;
}

/** What a campaign is found by. */
export const CAMPAIGN_KEYS = {
  campaign: defineSearchAttributeKey(SEARCH.campaign, 'KEYWORD'),
  stage: defineSearchAttributeKey(SEARCH.stage, 'KEYWORD'),
  round: defineSearchAttributeKey(SEARCH.round, 'INT'),
  owner: defineSearchAttributeKey(SEARCH.owner, 'KEYWORD'),
};

/** @param savedState of a campaign, from the store */
export async function listCampaigns(
  client: Client,
  savedState: (name: CampaignName) => Promise<CampaignState | undefined>,
): Promise<CampaignSummary[]> {
  const runs = await Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'campaign'` }));
  // Sorted here: a visibility store on SQLite or SQL refuses ORDER BY.
  const newestFirst = runs.toSorted((a, b) => b.startTime.getTime() - a.startTime.getTime());
  // One row a campaign: each round is a run of its own.
  const chains = Map.groupBy(newestFirst, (w) => w.typedSearchAttributes.get(CAMPAIGN_KEYS.campaign) ?? w.workflowId);
  const rows = await Promise.all(
    [...chains].map(async ([name, [newest, ...older]]) => {
      const { status, startTime, typedSearchAttributes: seen } = newest!;
      // What cannot be read of one campaign does not hide the others.
      const saved = await savedState(name as CampaignName).catch(() => undefined);
      const over = status.name === 'COMPLETED' && saved !== undefined && saved.ending !== 'running';
      return {
        name,
        status: status.name.toLowerCase(),
        ...(over && { ending: saved.ending as NonNullable<CampaignSummary['ending']> }),
        stage: seen.get(CAMPAIGN_KEYS.stage) ?? '',
        round: seen.get(CAMPAIGN_KEYS.round),
        owner: seen.get(CAMPAIGN_KEYS.owner) ?? '',
        // The saved one outlasts a resume and the oldest runs; nothing is saved before the first stage is through.
        startedAt: saved?.startedAt ?? (older.at(-1)?.startTime ?? startTime).toISOString(),
      };
    }),
  );
  return rows.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
}
