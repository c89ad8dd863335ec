// May this owner submit this campaign, here and now? Asked by commands before anything is stored or started.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { type Turn, turnOf } from '../../contracts/queues.ts';
import type { TeamSpec } from '../../contracts/team.ts';
import { notMember, teamOf } from '../../policies/team-quota.ts';
import { type Admission, type Known, reserve } from './admission.ts';
import { gpusOf } from './profile.ts';

export interface Place {
  /** The Temporal namespace that this command works in. */
  readonly temporal: string;
  /** The Kubernetes namespace that the stack's jobs go to; undefined: they run on this machine. */
  readonly kubernetes: string | undefined;
}

/** Whose turn a campaign's work takes in shared queues; its owner's own where there are no teams. For `createCampaigns`. */
export function turnsOf(teams: readonly TeamSpec[]): (owner: string) => Turn {
  return (owner) => {
    const team = teamOf(teams, owner);
    return team === undefined ? turnOf(owner) : turnOf(team.name, team.share);
  };
}

/** What asks: a campaign that is to be started, or its pilot. */
export interface Asked {
  readonly spec: CampaignSpec;
  /** Of the campaign, where it is for Kubernetes. */
  readonly profile: ProfileSpec | undefined;
  /** The workflow that is started when it may. */
  readonly workflow: string;
}

/**
 * The campaign's place in its team's quota, which it has from now on.
 * @throws AnnealError `team.not_member`, `team.quota`, `team.elsewhere`, each with everything that stands against it
 */
export async function admitToTeam(
  teams: readonly TeamSpec[],
  { spec, profile, workflow }: Asked,
  place: Place,
  known: Known,
): Promise<Admission> {
  const demand = {
    ...{ campaign: spec.name, owner: spec.owner, gpus: gpusOf(profile), tokens: spec.budget.tokens },
    cluster: spec.compute === 'kubernetes',
  };
  const team = teamOf(teams, spec.owner);
  if (team === undefined) throw new AnnealError('team.not_member', notMember(teams, spec.owner));
  // First what needs no look at others: in a wrong namespace the team's campaigns would not be seen.
  refuseElsewhere(team, demand.cluster, profile, place);
  return reserve(team, { ...demand, workflow }, known);
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
