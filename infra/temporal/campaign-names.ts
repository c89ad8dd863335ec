// Campaigns by the names that people give them.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { specName } from '../../contracts/names.ts';

export const specKey = specName;

/** Whether a campaign was ever submitted; needs no server. */
export async function isKnown(store: ArtifactStore, name: CampaignName): Promise<boolean> {
  return (await store.readNamed(specKey(name))) !== undefined;
}

export const parseCampaignName = (text: string): CampaignName => {
  const parsed = campaignName.safeParse(text);
  if (!parsed.success) throw new AnnealError('campaign.not_found', `${JSON.stringify(text)} is not a campaign's name`);
  return parsed.data;
};
