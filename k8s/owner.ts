// Everything of a campaign on the cluster belongs to one ConfigMap: deleting that deletes the rest. The first thing that belongs to
// it is the campaign's network policy, where the namespace has policies at all: without it, its pods could not reach each other.
import { campaignPolicy, DIRECTIONS, type Direction } from './access/network.ts';
import type { NetworkPolicy } from './cluster/objects.ts';
import type { Workloads } from './cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, STORE } from './labels.ts';
import type { OwnerReference } from './manifests/manifest.ts';
import { ownerName } from './names.ts';

/** @param place the bucket and prefix of the deployment */
export async function ensureOwner(
  workloads: Workloads,
  namespace: string,
  campaign: string,
  place: string,
): Promise<OwnerReference> {
  const name = ownerName(campaign);
  const labels = { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign };
  const applied = await workloads.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels, annotations: { [STORE]: place } },
    data: { campaign },
  });
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: applied.metadata.uid };
  const denied = deniedBy(await workloads.networkPolicies(namespace));
  if (denied.length > 0) await workloads.apply(campaignPolicy({ namespace, campaign, owner, denied }));
  return owner;
}

/** Directions in which some policy takes all pods in: what none names is denied there. */
export function deniedBy(policies: readonly NetworkPolicy[]): Direction[] {
  const all = policies.filter(
    ({ spec: { podSelector } }) =>
      Object.keys(podSelector.matchLabels).length === 0 && podSelector.matchExpressions.length === 0,
  );
  return DIRECTIONS.filter((direction) => all.some(({ spec }) => spec.policyTypes.includes(direction)));
}
