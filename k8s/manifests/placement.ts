// Where the pods of a gang lie towards each other, as Kueue is told. Without a queue nobody reads it: then pods have an affinity.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { PLACED_WITH, PREFERRED_TOPOLOGY, REQUIRED_TOPOLOGY } from '../labels.ts';

/**
 * What belongs into the metadata of a pod template.
 * @param pods of the gang
 * @param group a name that several templates share whose pods are one gang
 */
export function placement(
  profile: ProfileSpec,
  role: 'trainer' | 'rollout',
  pods: number,
  group?: string,
): { readonly annotations?: Readonly<Record<string, string>> } {
  const { queue, topology } = profile.scheduling;
  const domain = profile.accelerators[profile[role].accelerator]?.topologyKey;
  if (queue === undefined || domain === undefined || pods === 1) return {};
  const level = topology === 'required' ? REQUIRED_TOPOLOGY : PREFERRED_TOPOLOGY;
  return { annotations: { [level]: domain, ...(group === undefined ? {} : { [PLACED_WITH]: group }) } };
}
