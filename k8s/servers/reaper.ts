// Ends what campaigns have left on the cluster that nobody works on any more: a worker that was killed between the end of a
// campaign and the end of its servers, a run that somebody terminated. GPUs that nobody waits for are the costliest leak.
import type { CampaignName } from '../../contracts/ids.ts';
import { campaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import { judgeLeftovers, type SeenCampaign } from '../../policies/reap.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, STORE } from '../labels.ts';

export interface ReaperOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The bucket and prefix of this deployment: campaigns of others, in the same namespace, are none of its business. */
  readonly place: string;
  readonly fleet: ServerFleet;
  /** What Temporal says of a campaign. A failure to know is no answer: it throws. */
  readonly look: (campaign: CampaignName) => Promise<Omit<SeenCampaign, 'createdAtMs'>>;
}

export type Reaped =
  | { readonly campaign: CampaignName; readonly what: 'close' | 'remove' }
  /** Left as it is until the next look. */
  | { readonly campaign: CampaignName; readonly what: 'failed'; readonly failure: unknown };

/** Looks once, at each campaign by itself: one that cannot be read keeps no other's GPUs. Harmless when two do it at once. */
export async function reap(options: ReaperOptions): Promise<Reaped[]> {
  const { cluster, namespace, place, fleet } = options;
  const workloads = createWorkloads(cluster);
  const reaped: Reaped[] = [];
  for (const owner of await workloads.list('ConfigMap', namespace, { [MANAGED_BY]: MANAGER })) {
    const { labels, annotations, creationTimestamp = '' } = owner.metadata;
    const campaign = campaignName.safeParse(labels[CAMPAIGN]).data;
    if (campaign === undefined || annotations[STORE] !== place) continue;
    try {
      const seen = { ...(await options.look(campaign)), createdAtMs: Date.parse(creationTimestamp) };
      const what = judgeLeftovers(seen, Date.now());
      if (what === 'keep') continue;
      await fleet.close(campaign);
      // What it owns goes with it.
      if (what === 'remove') await workloads.remove('ConfigMap', namespace, owner.metadata.name);
      reaped.push({ campaign, what });
    } catch (failure) {
      reaped.push({ campaign, what: 'failed', failure });
    }
  }
  return reaped;
}
