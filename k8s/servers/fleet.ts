// The policy servers of a campaign: opened before its first rollout, closed after its last.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { judgeServers } from '../../policies/server-start.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, SPEC_HASH } from '../labels.ts';
import type { Manifest } from '../manifests/manifest.ts';
import type { StoreAccess } from '../manifests/pod.ts';
import { serverDeployment, serverLabels } from '../manifests/server.ts';
import { serverName } from '../names.ts';
import { ensureOwner } from '../owner.ts';
import { endOf, observePod } from '../runner/observe.ts';
import { isReady } from './directory.ts';

export interface FleetOptions {
  readonly cluster: Cluster;
  readonly access: StoreAccess;
  readonly namespace: string;
  readonly profileOf: (campaign: CampaignName) => Promise<ProfileSpec>;
  readonly tokenSecret: string;
  /** What a campaign's trainers may be on this cluster. */
  readonly workloads: readonly ('JobSet' | 'Job')[];
  readonly quarantined?: () => readonly string[];
  /** What the cluster lacks for a profile; nothing is created while it lacks anything. */
  readonly preflight: (profile: ProfileSpec) => Promise<readonly Problem[]>;
}

const LOOK_MS = 1_000;

export function createServerFleet(options: FleetOptions): ServerFleet {
  const { cluster, namespace } = options;
  const workloads = createWorkloads(cluster);

  /** One that runs as wanted is adopted; one of another making is changed, and the Deployment's controller replaces its pods. */
  async function ensureDeployment(manifest: Manifest): Promise<void> {
    const { created, found } = await workloads.create(manifest);
    if (created || found.metadata.annotations[SPEC_HASH] === manifest.metadata.annotations?.[SPEC_HASH]) return;
    await workloads.apply(manifest);
  }

  return {
    async open(campaign, signal, onProgress) {
      const profile = await options.profileOf(campaign);
      refuse(await options.preflight(profile), namespace);
      const manifest = serverDeployment({
        namespace,
        campaign,
        profile,
        store: options.access,
        tokenSecret: options.tokenSecret,
        owner: await ensureOwner(workloads, namespace, campaign, options.access.address),
        avoid: options.quarantined?.() ?? [],
      });
      await ensureDeployment(manifest);
      const windows = { startMs: durationMs(profile.rollout.probes.startupWindow) };
      for (const since = Date.now(); ; await sleep(LOOK_MS, undefined, { signal })) {
        const pods = await workloads.pods(namespace, serverLabels(campaign));
        const seen = pods.map((pod) => ({ ...observePod(pod), ready: isReady(pod) }));
        const verdict = judgeServers(
          { pods: seen, wanted: profile.rollout.nodes, sinceMs: since },
          Date.now(),
          windows,
        );
        if (verdict.phase === 'ready') return;
        if (verdict.phase === 'stuck') throw new AnnealError(verdict.code, `${serverName(campaign)}: ${verdict.why}`);
        onProgress(verdict.why);
      }
    },

    async close(campaign) {
      // Jobs first: a trainer's last requests may go to the servers, never the other way round.
      const selector = { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign };
      for (const kind of options.workloads) {
        for (const job of await workloads.list(kind, namespace, selector)) {
          // One that has ended stays to be looked at until its time to live is over.
          if (endOf(job) === undefined) await workloads.remove(kind, namespace, job.metadata.name);
        }
      }
      await workloads.remove('Deployment', namespace, serverName(campaign));
    },
  };
}

/** Under the first problem's code, which says what kind of person can help. */
function refuse(problems: readonly Problem[], namespace: string): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  throw new AnnealError(first.code, `${namespace}: ${first.path}: ${first.expected}${more}`, { problems });
}
