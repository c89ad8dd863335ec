// When policy servers that are being deleted are gone: the object that makes them, and every pod of it that may still run; and when
// the last pod of a campaign's trainers is.
import type { CampaignName } from '../../contracts/ids.ts';
import { isOver, isOverdue, type SeenPod } from '../../policies/job-stop-seen.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Workloads } from '../cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, ROLE, ROLES } from '../labels.ts';
import { serverName } from '../names.ts';
import { observePod } from '../runner/observe.ts';

/** As with trainers: a pod that is there for so long after it was to be gone is on a node that does not answer. */
const OVERDUE_MS = 60_000;

export interface Endings {
  /** Looks once. @returns what is still waited for; undefined when nothing is left that could run */
  look(kind: string, campaign: CampaignName): Promise<string | undefined>;
  /** Looks once. @returns a trainer's pod that may still run */
  trainer(campaign: CampaignName): Promise<string | undefined>;
}

export function createEndings(workloads: Workloads, namespace: string, overdueMs = OVERDUE_MS): Endings {
  async function left(campaign: CampaignName, counts: (pod: Pod) => boolean): Promise<SeenPod[]> {
    const pods = await workloads.pods(namespace, { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign });
    return pods
      .filter(counts)
      .map(observePod)
      .filter((pod) => !isOver(pod));
  }

  function stillThere(pods: readonly SeenPod[]): string | undefined {
    const now = Date.now();
    const ending = pods.find((pod) => !isOverdue(pod, now, overdueMs));
    return ending && `${ending.name}${ending.node === undefined ? '' : ` on ${ending.node}`} is still there`;
  }

  return {
    trainer: async (campaign) => stillThere(await left(campaign, isTraining)),

    async look(kind, campaign) {
      const pods = await left(campaign, isServing);
      const ending = stillThere(pods);
      if (ending !== undefined) return ending;
      const name = serverName(campaign);
      const object = await workloads.read(kind, namespace, name);
      if (object?.metadata.deletionTimestamp === undefined) return undefined;
      // It waits for its pods, and those of a node that does not answer stay for as long as the node is known.
      if (pods.length > 0) await workloads.remove(kind, namespace, name, 'Background');
      return `${kind} ${name} is still being deleted`;
    },
  };
}

const isTraining = ({ metadata }: Pod): boolean => metadata.labels[ROLE] === ROLES.trainer;

const isServing = ({ metadata }: Pod): boolean =>
  metadata.labels[ROLE] === ROLES.server || metadata.labels[ROLE] === ROLES.serverRank;
