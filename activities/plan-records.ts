// What the pool holds of a plan. A round's plan names groups of several rounds' draws where rollouts overlap with training; then its records
// are looked for group by group.

import type { RolloutPlan } from '../contracts/plan.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { type ByGroup, placesOf } from '../policies/plan-groups.ts';

/** Prefixes under which all of a plan's rollouts lie, and in one campaign none of another plan of the kind. */
export function prefixesOf(
  plan: Pick<RolloutPlan, 'campaign' | 'round' | 'purpose' | 'policy' | 'sampledBy' | 'rollouts'> & ByGroup,
): string[] {
  return placesOf(plan).map((place) => `${place}/`);
}

export async function trajectoriesOf(gateway: Pick<ModelGateway, 'trajectories'>, plan: RolloutPlan & ByGroup) {
  return (await Promise.all(prefixesOf(plan).map((prefix) => gateway.trajectories(prefix)))).flat();
}

export async function completionsOf(gateway: Pick<ModelGateway, 'completions'>, plan: RolloutPlan & ByGroup) {
  return (await Promise.all(prefixesOf(plan).map((prefix) => gateway.completions(prefix)))).flat();
}
