// The policy servers of a campaign: opened before its first rollout, closed after its last.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { ADMISSION_MS } from '../../policies/job-wait.ts';
import { judgeServers, type SeenServer } from '../../policies/server-start.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, SPEC_HASH } from '../labels.ts';
import type { Manifest } from '../manifests/manifest.ts';
import type { StoreAccess } from '../manifests/pod.ts';
import { serverLabels } from '../manifests/server.ts';
import { serverManifests } from '../manifests/servers.ts';
import { serverName } from '../names.ts';
import { ensureOwner, isOthers } from '../owner.ts';
import { endOf, observePod } from '../runner/observe.ts';
import { isReady } from './directory.ts';
import { createEndings } from './endings.ts';

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
  /** A pod that is there for so long after it was to be gone is not waited for; 60 seconds where nothing is said. */
  readonly overdueMs?: number;
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly onProgress: (waitingFor: string) => void;
}

const LOOK_MS = 1_000;
/** Beyond any grace period of a trainer; a pod that nobody has deleted would be waited for without end. */
const TRAINERS_MS = 15 * 60_000;

export function createServerFleet(options: FleetOptions): ServerFleet {
  const { cluster, namespace } = options;
  const workloads = createWorkloads(cluster);
  const endings = createEndings(workloads, namespace, options.overdueMs);

  /**
   * One that runs as wanted is adopted; one of another making is changed, and its controller replaces its pods. One that is being
   * deleted takes its pods along, whoever adopts it.
   */
  async function ensure(manifest: Manifest, campaign: CampaignName, waiting: Waiting): Promise<void> {
    for (;;) {
      const { created, found } = await workloads.create(manifest);
      if (created) return;
      if (found.metadata.deletionTimestamp === undefined) {
        const same = found.metadata.annotations[SPEC_HASH] === manifest.metadata.annotations?.[SPEC_HASH];
        if (!same) await workloads.apply(manifest);
        return;
      }
      const { kind, metadata } = manifest;
      waiting.onProgress((await endings.look(kind, campaign)) ?? `${kind} ${metadata.name} is still being deleted`);
      await sleep(LOOK_MS, undefined, { signal: waiting.signal });
    }
  }

  async function trainersGone(campaign: CampaignName, waiting: Waiting | undefined): Promise<void> {
    for (const until = Date.now() + TRAINERS_MS; ; ) {
      const waitingFor = await endings.trainer(campaign);
      if (waitingFor === undefined) return;
      if (Date.now() > until) throw new AnnealError('cluster.unavailable', waitingFor);
      waiting?.onProgress(waitingFor);
      await sleep(LOOK_MS, undefined, waiting);
    }
  }

  const isTaken = (campaign: CampaignName): Promise<boolean> =>
    isOthers(workloads, namespace, campaign, options.access.address);

  return {
    async open(campaign, signal, onProgress) {
      const profile = await options.profileOf(campaign);
      refuse(await options.preflight(profile), namespace);
      const manifests = serverManifests({
        namespace,
        campaign,
        profile,
        store: options.access,
        tokenSecret: options.tokenSecret,
        owner: await ensureOwner(workloads, namespace, campaign, options.access.address),
        avoid: options.quarantined?.() ?? [],
      });
      for (const manifest of manifests) await ensure(manifest, campaign, { signal, onProgress });
      const wanted = serversOf(profile);
      const windows = { startMs: durationMs(profile.rollout.probes.startupWindow), admissionMs: ADMISSION_MS };
      const openedMs = Date.now();
      for (let queuedMs: number | undefined; ; await sleep(LOOK_MS, undefined, { signal })) {
        const pods = (await workloads.pods(namespace, serverLabels(campaign))).filter(isWanted(manifests));
        const verdict = judgeServers(
          { pods: pods.map(observeServer), wanted, openedMs, queuedMs },
          Date.now(),
          windows,
        );
        if (verdict.phase === 'queued') queuedMs = Date.now();
        if (verdict.phase === 'ready') return;
        if (verdict.phase === 'stuck') throw new AnnealError(verdict.code, `${serverName(campaign)}: ${verdict.why}`);
        onProgress(verdict.why);
      }
    },

    async rest(campaign, signal, onProgress) {
      const profile = await options.profileOf(campaign);
      if (!profile.colocated || (await isTaken(campaign))) return false;
      const kind = KINDS[profile.rollout.server];
      await workloads.remove(kind, namespace, serverName(campaign));
      // The trainer's pods would wait for the same GPUs, and count as pods that no node takes.
      for (;;) {
        const waitingFor = await endings.look(kind, campaign);
        if (waitingFor === undefined) return true;
        onProgress(waitingFor);
        await sleep(LOOK_MS, undefined, { signal });
      }
    },

    async close(campaign, waiting) {
      // Refused when it wanted to begin: of what bears its name nothing is its own.
      if (await isTaken(campaign)) return;
      // Jobs first: a trainer's last requests may go to the servers, never the other way round.
      const selector = { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign };
      for (const kind of options.workloads) {
        for (const job of await workloads.list(kind, namespace, selector)) {
          // One that has ended stays to be looked at until its time to live is over.
          if (endOf(job) === undefined) await workloads.remove(kind, namespace, job.metadata.name);
        }
      }
      await trainersGone(campaign, waiting);
      // Without a profile nothing was opened, unless by a release that knew Deployments only.
      const profile = await options.profileOf(campaign).catch((failure: unknown) => {
        if (failure instanceof AnnealError && failure.code === 'profile.not_found') return undefined;
        throw failure;
      });
      await workloads.remove(KINDS[profile?.rollout.server ?? 'llama-cpp'], namespace, serverName(campaign));
    },
  };
}

const KINDS = { vllm: 'LeaderWorkerSet', 'llama-cpp': 'Deployment' } as const;

const observeServer = (pod: Pod): SeenServer => ({
  ...observePod(pod),
  ready: isReady(pod),
  gated: pod.spec.schedulingGates.length > 0,
});

/** Pods that are asked: an engine over several nodes has one of them. */
const serversOf = ({ rollout }: ProfileSpec): number => (rollout.server === 'vllm' ? rollout.engines : rollout.nodes);

/** Where an object is changed, pods of its former making are there for a while, and ready. Those of a release that marked none count. */
const isWanted = (manifests: readonly Manifest[]) => {
  const wanted = manifests.map(({ metadata }) => metadata.annotations?.[SPEC_HASH]);
  return ({ metadata }: Pod): boolean => {
    const mark = metadata.annotations[SPEC_HASH];
    return mark === undefined || wanted.includes(mark);
  };
};

/** Under the first problem's code, which says what kind of person can help. */
function refuse(problems: readonly Problem[], namespace: string): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  const got = first.got === undefined ? '' : `, got ${first.got}`;
  const message = `${namespace}: ${first.path}: expected ${first.expected}${got}${more}`;
  throw new AnnealError(first.code, message, { problems });
}
