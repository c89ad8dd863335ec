// vLLM servers as a LeaderWorkerSet: a group of pods is one engine, over as many nodes as the profile says, and comes and goes
// as one. An engine that fits into a node is a group of one pod.
//
// Unlike a trainer an engine has no work of its own to lose: the cluster starts a broken group again by itself.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, QUEUE, ROLE, ROLES, SPEC_HASH } from '../labels.ts';
import { serverName } from '../names.ts';
import type { Manifest } from './manifest.ts';
import { placement } from './placement.ts';
import { claimsOf, podSpec, WORK_DIR } from './pod.ts';
import { type Marks, makingOf, type ServerRequest, TOKEN_DIR } from './server.ts';
import { vllmArgs } from './vllm-args.ts';

/** The engines' HTTP port, of each group's leader. */
export const ENGINE_PORT = 8000;
const PROBE_SECONDS = 10;
/** LeaderWorkerSet's own, on every pod of it; 0 is the leader. */
const RANK_LABEL = 'leaderworkerset.sigs.k8s.io/worker-index';
/** LeaderWorkerSet puts them into every container of it. */
const RANK = '$(LWS_WORKER_INDEX)';
const LEADER = '$(LWS_LEADER_ADDRESS)';

/** Sets every field that LeaderWorkerSet's webhook would. */
export function engineSet(request: ServerRequest): Manifest {
  const { profile, campaign, namespace } = request;
  const { queue } = profile.scheduling;
  const hash = makingOf(specOf, request);
  return {
    apiVersion: 'leaderworkerset.x-k8s.io/v1',
    kind: 'LeaderWorkerSet',
    metadata: {
      name: serverName(campaign),
      namespace,
      labels: { ...labels(campaign, ROLES.server), ...(queue === undefined ? {} : { [QUEUE]: queue }) },
      annotations: { [SPEC_HASH]: hash },
      ownerReferences: [request.owner],
    },
    spec: specOf(request, { [SPEC_HASH]: hash }),
  };
}

function specOf(request: ServerRequest, marks: Marks): Record<string, unknown> {
  const { engines } = request.profile.rollout;
  const size = podsOfEngine(request.profile);
  return {
    replicas: engines,
    startupPolicy: 'LeaderCreated',
    networkConfig: { subdomainPolicy: 'Shared' },
    // A second generation of engines would need the GPUs twice.
    rolloutStrategy: {
      type: 'RollingUpdate',
      rollingUpdateConfiguration: { maxSurge: 0, maxUnavailable: engines, partition: 0 },
    },
    leaderWorkerTemplate: {
      size,
      // Ranks that meet a new rank hang: one that ends takes the others with it.
      restartPolicy: 'RecreateGroupOnPodRestart',
      ...(size === 1
        ? { workerTemplate: template(request, true, marks) }
        : { leaderTemplate: template(request, true, marks), workerTemplate: template(request, false, marks) }),
    },
  };
}

/**
 * One address for each engine, not one for all: whoever updates weights speaks to every one of them. Ready or not, since a
 * server that loads its weights is to be found as well. (Ranks find each other by a service that LeaderWorkerSet makes.)
 */
export function engineService(request: ServerRequest): Manifest {
  const { campaign, namespace } = request;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: `${serverName(campaign)}-engines`,
      namespace,
      labels: labels(campaign, ROLES.server),
      ownerReferences: [request.owner],
    },
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { ...labels(campaign, ROLES.server), [RANK_LABEL]: '0' },
      ports: [{ name: 'http', port: ENGINE_PORT }],
    },
  };
}

/** 1 where an engine fits into a node. */
export const podsOfEngine = ({ rollout }: ProfileSpec): number =>
  Math.max(1, Math.ceil(rollout.gpusPerEngine / rollout.gpusPerNode));

function template(request: ServerRequest, leader: boolean, marks: Marks): Record<string, unknown> {
  const { profile, campaign } = request;
  const nodes = podsOfEngine(profile);
  const args = vllmArgs(profile, ENGINE_PORT, {
    nodes,
    leader,
    index: RANK,
    // A leader listens where it is told to be found, and no one can listen at a name.
    leaderAddress: leader ? '$(VLLM_HOST_IP)' : LEADER,
  });
  const { annotations } = placement(profile, 'rollout', nodes, 'engine');
  return {
    metadata: {
      labels: labels(campaign, leader ? ROLES.server : ROLES.serverRank),
      annotations: annotations === undefined && marks === undefined ? undefined : { ...annotations, ...marks },
    },
    spec: podSpec({
      role: 'rollout',
      profile,
      store: request.store,
      restartPolicy: 'Always',
      avoid: request.avoid,
      secrets: [{ name: request.tokenSecret, path: TOKEN_DIR }],
      claims: claimsOf(profile, 'rollout'),
      gpus: Math.min(profile.rollout.gpusPerEngine, profile.rollout.gpusPerNode),
      container: {
        name: 'server',
        image: profile.rollout.image,
        args,
        env: environment(profile),
        fields: { VLLM_HOST_IP: 'status.podIP' },
        ...(leader ? { ports: [{ name: 'http', containerPort: ENGINE_PORT }], ...probes(profile) } : {}),
      },
    }),
  };
}

/** What the rollout image reads (trainer/anneal_megatron/serving), and where vLLM may write. */
function environment({ model }: ProfileSpec): Record<string, string> {
  return {
    // The endpoints that update weights: the guard asks for the token, and a network policy says who reaches them at all.
    VLLM_SERVER_DEV_MODE: '1',
    ANNEAL_CONTROL_TOKEN_FILE: `${TOKEN_DIR}/token`,
    ANNEAL_WEIGHTS_DIR: `${WORK_DIR}/weights`,
    // For routing replay: training sends each token through the experts that sampled it.
    ...(model.architecture.moe === undefined ? {} : { ANNEAL_ROUTED_EXPERTS: '1' }),
    HOME: WORK_DIR,
    HF_HOME: `${WORK_DIR}/hub`,
  };
}

/** /health says that the process lives. While weights are loaded, and later updated, it says nothing: hence the patience. */
function probes({ rollout }: ProfileSpec): Record<string, unknown> {
  const { startupWindow, readinessPeriod, livenessPeriod, livenessFailures } = rollout.probes;
  const asks = { httpGet: { path: '/health', port: ENGINE_PORT }, timeoutSeconds: 5 };
  const seconds = (text: string): number => Math.max(1, Math.round(durationMs(text) / 1000));
  return {
    startupProbe: {
      ...asks,
      periodSeconds: PROBE_SECONDS,
      failureThreshold: Math.ceil(seconds(startupWindow) / PROBE_SECONDS),
    },
    readinessProbe: { ...asks, periodSeconds: seconds(readinessPeriod) },
    livenessProbe: { ...asks, periodSeconds: seconds(livenessPeriod), failureThreshold: livenessFailures },
  };
}

const labels = (campaign: string, role: string): Record<string, string> => ({
  [MANAGED_BY]: MANAGER,
  [CAMPAIGN]: campaign,
  [ROLE]: role,
});
