// May this owner submit this campaign, here and now? Asked by commands before anything is stored or started.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { profileName } from '../../contracts/names.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { type Turn, turnOf } from '../../contracts/queues.ts';
import type { TeamSpec } from '../../contracts/team.ts';
import type { Campaigns } from '../../infra/temporal/campaigns.ts';
import { maySubmit, teamOf, type Use } from '../../policies/team-quota.ts';

export interface Place {
  /** The Temporal namespace that this command works in. */
  readonly temporal: string;
  /** The Kubernetes namespace that the stack's jobs go to; undefined: they run on this machine. */
  readonly kubernetes: string | undefined;
}

/** Devices that a campaign holds at once; 0 on one machine, and for devices that are no GPUs. */
export function gpusOf(profile: ProfileSpec | undefined): number {
  if (profile === undefined) return 0;
  const of = ({ accelerator, nodes, gpusPerNode }: ProfileSpec['trainer'] | ProfileSpec['rollout']): number =>
    profile.accelerators[accelerator]?.device === 'cpu' ? 0 : nodes * gpusPerNode;
  const [trainer, rollout] = [of(profile.trainer), of(profile.rollout)];
  return profile.colocated ? Math.max(trainer, rollout) : trainer + rollout;
}

/** Whose turn a campaign's work takes in shared queues; its owner's own where there are no teams. For `createCampaigns`. */
export function turnsOf(teams: readonly TeamSpec[]): (owner: string) => Turn {
  return (owner) => {
    const team = teamOf(teams, owner);
    return team === undefined ? turnOf(owner) : turnOf(team.name, team.share);
  };
}

/**
 * @param profile of the campaign, where it is for Kubernetes
 * @throws AnnealError `team.not_member`, `team.quota`, `team.elsewhere`, each with everything that stands against it
 */
export async function refuseUnlessPermitted(
  teams: readonly TeamSpec[],
  { spec, profile }: { readonly spec: CampaignSpec; readonly profile: ProfileSpec | undefined },
  place: Place,
  known: { readonly campaigns: Campaigns; readonly store: ArtifactStore },
): Promise<TeamSpec> {
  const demand = {
    ...{ campaign: spec.name, owner: spec.owner, gpus: gpusOf(profile), tokens: spec.budget.tokens },
    cluster: spec.compute === 'kubernetes',
  };
  const team = teamOf(teams, spec.owner);
  // First what needs no look at others: in a wrong namespace the team's campaigns would not be seen.
  if (team !== undefined) refuseElsewhere(team, demand.cluster, profile, place);
  const uses = team === undefined ? [] : await usesOf(team, known);
  const ruling = maySubmit(teams, demand, uses, Date.now());
  if (ruling.allowed) return ruling.team;
  const why = ruling.shortages.map((shortage) => shortage.why).join('; ');
  if (ruling.team === undefined) throw new AnnealError('team.not_member', why);
  throw new AnnealError('team.quota', `team ${ruling.team.name}: ${why}`);
}

function refuseElsewhere(team: TeamSpec, cluster: boolean, profile: ProfileSpec | undefined, place: Place): void {
  const wrong: string[] = [];
  if (team.temporal.namespace !== place.temporal)
    wrong.push(`its Temporal namespace is ${team.temporal.namespace}, not ${place.temporal} (ANNEAL_NAMESPACE)`);
  if (cluster && team.kubernetes !== undefined) {
    const { namespace, queue } = team.kubernetes;
    if (place.kubernetes !== undefined && place.kubernetes !== namespace)
      wrong.push(`its Kubernetes namespace is ${namespace}, not ${place.kubernetes} (ANNEAL_KUBE_NAMESPACE)`);
    const asked = profile?.scheduling.queue;
    if (queue !== undefined && asked !== queue)
      wrong.push(`its queue is ${queue}, and the profile has ${asked ?? 'none'} (scheduling.queue)`);
  }
  if (wrong.length > 0) throw new AnnealError('team.elsewhere', `team ${team.name}: ${wrong.join('; ')}`);
}

/** The team's campaigns as they stand: what Temporal lists, with what the store has of each. */
async function usesOf(
  team: TeamSpec,
  { campaigns, store }: { readonly campaigns: Campaigns; readonly store: ArtifactStore },
): Promise<Use[]> {
  const listed = (await campaigns.list()).filter(({ owner }) => team.members.includes(owner));
  return Promise.all(
    listed.map(async ({ name, owner, status }): Promise<Use> => {
      const campaign = name as CampaignName;
      const running = status === 'running';
      const [spec, state, endedAt] = [
        await campaigns.spec(campaign),
        await campaigns.savedState(campaign),
        running ? undefined : await campaigns.endedAt(campaign),
      ];
      const gpus = running ? gpusOf(await keptProfile(store, campaign)) : 0;
      const spent = state?.tokens ?? 0;
      // One whose end is not known any more ended before Temporal's retention: long ago.
      const ended = running ? undefined : (endedAt?.getTime() ?? 0);
      return { campaign: name, owner, gpus, tokens: spec.budget.tokens, spent, endedAt: ended };
    }),
  );
}

/** As the campaign was submitted with it. */
export async function keptProfile(store: ArtifactStore, campaign: CampaignName): Promise<ProfileSpec | undefined> {
  const kept = await store.readNamed(profileName(campaign));
  return kept === undefined ? undefined : profileSpec.parse(JSON.parse(new TextDecoder().decode(kept.bytes)));
}
