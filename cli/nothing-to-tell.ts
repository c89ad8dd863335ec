// What `logs` says where there is nothing to say, on this machine and of pods alike.
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';

export function nothingToTell(campaign: CampaignName, part: string | undefined): AnnealError {
  const what = part === undefined ? `${campaign} has trained nothing yet` : `${part} has not run yet`;
  return new AnnealError('campaign.no_log', what);
}
