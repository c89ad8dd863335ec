// How often the base model solves each task, as shipped beside the campaign and stored at submission.
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';

export const passRateFile = z.strictObject({
  schema: z.literal('anneal/starting-pass-rates/v1'),
  command: z.string(),
  model: z.string(),
  samplesPerTask: z.int(),
  rates: z.record(z.string(), z.number().min(0).max(1)),
});

export const passRatesName = (campaign: string): string => `campaigns/${campaign}/starting-pass-rates`;

/** Task id to rate; empty when the campaign ships none. */
export async function startingPassRates(store: ArtifactStore, spec: CampaignSpec): Promise<Record<string, number>> {
  if (spec.tasks.startingPassRates === undefined) return {};
  const stored = await store.readNamed(passRatesName(spec.name));
  return stored === undefined ? {} : passRateFile.parse(JSON.parse(new TextDecoder().decode(stored.bytes))).rates;
}
