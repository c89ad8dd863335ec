// Everything that a campaign puts on a cluster, as it would be created: what `render k8s` prints.
import type { JobDocument } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER } from '../labels.ts';
import { ownerName } from '../names.ts';
import type { Manifest, OwnerReference } from './manifest.ts';
import type { StoreAccess } from './pod.ts';
import { serverManifests } from './servers.ts';
import { trainerManifest, type WorkloadKind } from './trainer.ts';

export interface CampaignRequest {
  readonly campaign: string;
  readonly namespace: string;
  readonly profile: ProfileSpec;
  readonly workload: WorkloadKind;
  readonly store: StoreAccess;
  readonly tokenSecret: string;
  /** The first round's. */
  readonly document: Pick<JobDocument, 'name' | 'specHash' | 'maxSeconds'>;
}

/** The ConfigMap that owns the rest gets its uid from the API server. */
const UID_TO_COME = '00000000-0000-0000-0000-000000000000';

/** In the order of their creation: owner, policy servers, the first attempt of the first round's trainer. */
export function campaignManifests(request: CampaignRequest): Manifest[] {
  const { campaign, namespace, profile } = request;
  const name = ownerName(campaign);
  const owner: OwnerReference = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: UID_TO_COME };
  const configMap: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign } },
    data: { campaign },
  };
  const common = { namespace, campaign, profile, store: request.store, owner, avoid: [] };
  const servers = serverManifests({ ...common, tokenSecret: request.tokenSecret });
  const trainer = trainerManifest(request.workload, { ...common, document: request.document, attempt: 1 });
  return [configMap, ...servers, trainer];
}
