// Where the policy servers of a campaign are: the addresses of its pods that are ready. They are asked for once and then
// remembered, so that an API server that is away takes nothing from servers that run.

import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { PolicyServers } from '../../contracts/ports.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { MANAGED_BY, MANAGER, ROLE, ROLES } from '../labels.ts';
import { ENGINE_PORT } from '../manifests/leader-worker-set.ts';
import { SERVER_PORT, serverLabels } from '../manifests/server.ts';

export function createPolicyServers({ cluster, namespace }: { cluster: Cluster; namespace: string }): PolicyServers {
  const workloads = createWorkloads(cluster);
  const known = new Map<CampaignName, Promise<readonly string[]>>();

  async function look(campaign: CampaignName): Promise<readonly string[]> {
    const pods = await workloads.pods(namespace, serverLabels(campaign));
    const addresses = addressesOf(pods.filter(isReady), SERVER_PORT);
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
    async all() {
      const pods = await workloads.pods(namespace, { [MANAGED_BY]: MANAGER, [ROLE]: ROLES.server });
      return addressesOf(pods.filter(isReady), SERVER_PORT);
    },
  };
}

/**
 * Engines of a campaign whose policies vLLM serves, each by its own address: also those that are not ready. One that loads weights
 * answers no probe, and one that was just started must be brought to the version that the others serve.
 */
export function createEngineAddresses({ cluster, namespace }: { cluster: Cluster; namespace: string }) {
  const workloads = createWorkloads(cluster);
  return async (campaign: CampaignName): Promise<readonly string[]> => {
    const pods = await workloads.pods(namespace, serverLabels(campaign));
    const urls = addressesOf(pods.filter(isRunning), ENGINE_PORT);
    if (urls.length > 0) return urls;
    throw new AnnealError('stack.policy_unavailable', `none of the ${pods.length} engines of ${campaign} runs`);
  };
}

const isRunning = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status.phase === 'Running';

/** Ready, and not about to go. */
export const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions.some((one) => one.type === 'Ready' && one.status === 'True');

function addressesOf(pods: readonly Pod[], port: number): string[] {
  return pods
    .flatMap(({ status: { podIP } }) => (podIP === undefined ? [] : [podIP.includes(':') ? `[${podIP}]` : podIP]))
    .sort()
    .map((host) => `http://${host}:${port}`);
}
