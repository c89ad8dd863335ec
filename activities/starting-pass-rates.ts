// How often the base model solves each task, as shipped beside the campaign and stored at submission.
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { type PassRateFile, passRateFile } from '../contracts/pass-rates.ts';

export const passRatesName = (campaign: string): string => `campaigns/${campaign}/starting-pass-rates`;

/** Task id to rate; empty when the campaign ships none. */
export const startingPassRates = async (store: ArtifactStore, spec: CampaignSpec): Promise<Record<string, number>> =>
  (await shippedPassRates(store, spec))?.rates ?? {};

export async function shippedPassRates(store: ArtifactStore, spec: CampaignSpec): Promise<PassRateFile | undefined> {
  if (spec.tasks.startingPassRates === undefined) return undefined;
  const stored = await store.readNamed(passRatesName(spec.name));
  return stored && passRateFile.parse(JSON.parse(new TextDecoder().decode(stored.bytes)));
}
