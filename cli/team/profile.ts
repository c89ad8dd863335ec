// The model profile that a campaign was submitted with, and how many GPUs it stands for.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { profileName } from '../../contracts/names.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';

/** Devices that a campaign holds at once; 0 on one machine, and for devices that are no GPUs. */
export function gpusOf(profile: ProfileSpec | undefined): number {
  if (profile === undefined) return 0;
  const of = ({ accelerator, nodes, gpusPerNode }: ProfileSpec['trainer'] | ProfileSpec['rollout']): number =>
    profile.accelerators[accelerator]?.device === 'cpu' ? 0 : nodes * gpusPerNode;
  const [trainer, rollout] = [of(profile.trainer), of(profile.rollout)];
  return profile.colocated ? Math.max(trainer, rollout) : trainer + rollout;
}

/** As the campaign was submitted with it. */
export async function keptProfile(store: ArtifactStore, campaign: CampaignName): Promise<ProfileSpec | undefined> {
  const kept = await store.readNamed(profileName(campaign));
  return kept === undefined ? undefined : profileSpec.parse(JSON.parse(new TextDecoder().decode(kept.bytes)));
}
