// Where the policy servers of a campaign are: the addresses of its pods that are ready. They are asked for once and then
// remembered, so that an API server that is away takes nothing from servers that run.

import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { PolicyServers } from '../../contracts/ports.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { MANAGED_BY, MANAGER, ROLE, ROLES } from '../labels.ts';
import { SERVER_PORT, serverLabels } from '../manifests/server.ts';

export function createPolicyServers({ cluster, namespace }: { cluster: Cluster; namespace: string }): PolicyServers {
  const workloads = createWorkloads(cluster);
  const known = new Map<CampaignName, Promise<readonly string[]>>();

  async function look(campaign: CampaignName): Promise<readonly string[]> {
    const pods = await workloads.pods(namespace, serverLabels(campaign));
    const addresses = addressesOf(pods);
    if (addresses.length === 0) {
      const why = pods.length === 0 ? 'it has no pod' : `none of its ${pods.length} pods is ready`;
      throw new AnnealError('stack.policy_unavailable', `the policy server of ${campaign}: ${why}`);
    }
    return addresses;
  }

  return {
    of(campaign) {
      const remembered = known.get(campaign);
      if (remembered !== undefined) return remembered;
      const looking = look(campaign);
      known.set(campaign, looking);
      looking.catch(() => known.get(campaign) === looking && known.delete(campaign));
      return looking;
    },
    forget: (campaign) => void known.delete(campaign),
    all: async () => addressesOf(await workloads.pods(namespace, { [MANAGED_BY]: MANAGER, [ROLE]: ROLES.server })),
  };
}

/** Ready, and not about to go. */
export const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions.some((one) => one.type === 'Ready' && one.status === 'True');

function addressesOf(pods: readonly Pod[]): string[] {
  return pods
    .filter(isReady)
    .flatMap(({ status: { podIP } }) => (podIP === undefined ? [] : [podIP.includes(':') ? `[${podIP}]` : podIP]))
    .sort()
    .map((host) => `http://${host}:${SERVER_PORT}`);
}
