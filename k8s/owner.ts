// Everything of a campaign on the cluster belongs to one ConfigMap: deleting that deletes the rest. The first thing that belongs to
// it is the campaign's network policy, where the namespace has policies at all: without it, its pods could not reach each other.
import { AnnealError } from '../contracts/errors.ts';
import { campaignPolicy, DIRECTIONS, type Direction } from './access/network.ts';
import type { NetworkPolicy, Workload } from './cluster/objects.ts';
import type { Workloads } from './cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, STORE } from './labels.ts';
import type { Manifest, OwnerReference } from './manifests/manifest.ts';
import { ownerName } from './names.ts';

/**
 * @param place the bucket and prefix of the deployment
 * @throws AnnealError `cluster.name_taken` where another deployment has a campaign of that name in the same namespace
 */
export async function ensureOwner(
  workloads: Workloads,
  namespace: string,
  campaign: string,
  place: string,
): Promise<OwnerReference> {
  const name = ownerName(campaign);
  const labels = { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign };
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels, annotations: { [STORE]: place } },
    data: { campaign },
  };
  const found = (await workloads.read('ConfigMap', namespace, name)) ?? (await workloads.create(manifest)).found;
  refuseOthers(found, place);
  // What it were to own would be deleted with it.
  if (found.metadata.deletionTimestamp !== undefined) {
    throw new AnnealError('cluster.unavailable', `ConfigMap ${namespace}/${name} is still being deleted`);
  }
  // Made by a release that did not note the place.
  if (found.metadata.annotations[STORE] === undefined) await workloads.apply(manifest);
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: found.metadata.uid };
  const denied = deniedBy(await workloads.networkPolicies(namespace));
  if (denied.length > 0) await workloads.apply(campaignPolicy({ namespace, campaign, owner, denied }));
  return owner;
}

/** Whether the objects of a campaign are those of another deployment, which keeps its campaigns elsewhere. */
export async function isOthers(
  workloads: Workloads,
  namespace: string,
  campaign: string,
  place: string,
): Promise<boolean> {
  const found = await workloads.read('ConfigMap', namespace, ownerName(campaign));
  return found !== undefined && placeOfOthers(found, place) !== undefined;
}

function refuseOthers(owner: Workload, place: string): void {
  const other = placeOfOthers(owner, place);
  if (other === undefined) return;
  throw new AnnealError(
    'cluster.name_taken',
    `${owner.metadata.name} belongs to the deployment that keeps its campaigns in ${other}, not in ${place}`,
  );
}

function placeOfOthers({ metadata }: Workload, place: string): string | undefined {
  const noted = metadata.annotations[STORE];
  return noted === place ? undefined : noted;
}

/** Directions in which some policy takes all pods in: what none names is denied there. */
export function deniedBy(policies: readonly NetworkPolicy[]): Direction[] {
  const all = policies.filter(
    ({ spec: { podSelector } }) =>
      Object.keys(podSelector.matchLabels).length === 0 && podSelector.matchExpressions.length === 0,
  );
  return DIRECTIONS.filter((direction) => all.some(({ spec }) => spec.policyTypes.includes(direction)));
}
