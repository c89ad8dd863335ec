// How the records of a plan's rollouts are found: below one prefix that no other plan has, or group by group, where they lie among those of
// other plans.

import type { RolloutId } from '../contracts/ids.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import { groupOf } from './advantage.ts';

export interface ByGroup {
  /** Set by whoever knows the plans beside it; a plan whose rollouts began with several versions says so itself. */
  readonly byGroup?: boolean | undefined;
}

export const isByGroup = ({ byGroup, sampledBy }: ByGroup & { readonly sampledBy?: unknown }): boolean =>
  byGroup === true || sampledBy !== undefined;

/** Prefixes of the ids of what a plan asked for, up to a slash: one that no other plan of its campaign has, or its groups. */
export const placesOf = (
  plan: Pick<RolloutPlan, 'campaign' | 'round' | 'purpose'> &
    ByGroup & {
      readonly policy: Pick<RolloutPlan['policy'], 'number'>;
      readonly sampledBy?: unknown;
      readonly rollouts: readonly { readonly id: RolloutId }[];
    },
): string[] =>
  isByGroup(plan)
    ? [...new Set(plan.rollouts.map(({ id }) => groupOf(id)))]
    : [`${plan.campaign}/r${plan.round}/${plan.purpose}.v${plan.policy.number}`];
