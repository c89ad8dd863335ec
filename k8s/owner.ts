// Everything of a campaign on the cluster belongs to one ConfigMap: deleting that deletes the rest.
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
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: applied.metadata.uid };
}
