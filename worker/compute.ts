// What a worker and a gateway reach trainers and policy servers by: processes of this machine, or pods.
import { createDocuments, type Documents } from '../activities/read.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { JobRunner } from '../contracts/job.ts';
import type { PolicyHost, PolicyServers, ServerFleet } from '../contracts/ports.ts';
import type { ProfileSpec } from '../contracts/profile.ts';
import type { GatewayWeights } from '../gateway/plane.ts';
import { type Config, endpointsOf } from '../infra/config.ts';
import type { Deployment } from '../infra/deployment.ts';
import { oneServer } from '../infra/gateway-client/one-server.ts';
import { createPolicyHost } from '../infra/gateway-client/policy-host.ts';
import { createLocalJobRunner, trainerCommand } from '../infra/jobs/local.ts';
import { noteClusterCampaign } from '../infra/stack/cluster-campaigns.ts';
import { openStore } from '../infra/store/open.ts';
import { createWeightDirectories } from '../infra/vllm/directory.ts';
import { hashOfToken, readPolicyToken } from '../k8s/access/policy-token.ts';
import { needsOf, preflight } from '../k8s/access/preflight.ts';
import { type Cluster, openCluster } from '../k8s/cluster/request.ts';
import type { StoreAccess } from '../k8s/manifests/pod.ts';
import { createPodWatch } from '../k8s/runner/pod-watch.ts';
import { createKubernetesJobRunner } from '../k8s/runner/runner.ts';
import { createEngineAddresses, createPolicyServers } from '../k8s/servers/directory.ts';
import { createServerFleet } from '../k8s/servers/fleet.ts';
import { type Reaped, type ReaperOptions, reap } from '../k8s/servers/reaper.ts';
import { watchNodes } from '../k8s/watch/nodes.ts';
import { createPolicies } from './policies.ts';

export interface Serving {
  readonly servers: PolicyServers;
  /** What servers and engines ask for; undefined on one machine. */
  readonly token: string | undefined;
  /** Whole models, which only a cluster serves. */
  readonly weights: GatewayWeights | undefined;
}

export interface Compute {
  readonly jobs: JobRunner;
  readonly policies: PolicyHost;
  /** Undefined where one policy server is always there. */
  readonly fleet: ServerFleet | undefined;
  /** Ends what closed campaigns left on the cluster; undefined where the supervisor ends everything. */
  readonly reap: ((look: ReaperOptions['look']) => Promise<Reaped[]>) | undefined;
  close(): Promise<void>;
}

/** How a worker sees to it that it is seen. */
export interface Watching {
  /** For each job that is started: the trace that it belongs to. */
  readonly startEnv: () => Readonly<Record<string, string>>;
  /** Counts the requests of a client of the API server. */
  readonly watched: (cluster: Cluster) => Cluster;
}

type OnCluster = Extract<Deployment, { compute: 'kubernetes' }>;

export function openServing(config: Config): Serving {
  const { deployment } = config;
  // Only then: in a pod the gateway knows no ports of a stack, and nothing of Temporal.
  if (deployment.compute === 'local') {
    return { servers: oneServer(endpointsOf(config).policy ?? ''), token: undefined, weights: undefined };
  }
  const { kubeconfig, namespace, tokenFile } = deployment.cluster;
  const cluster = openCluster({ kubeconfig: kubeconfig ?? undefined });
  const weights = gatewayWeights(openStore(config));
  return { servers: createPolicyServers({ cluster, namespace }), token: readPolicyToken(tokenFile), weights };
}

/** What the gateway reads of whole models: who serves them now, by the store. */
export function gatewayWeights(store: ArtifactStore): GatewayWeights {
  const documents = createDocuments(store);
  return {
    directory: createWeightDirectories(store),
    serves: async (campaign) => (await documents.profile(campaign))?.rollout.server === 'vllm',
    keep: (text) => store.put(text),
  };
}

export async function openCompute(
  config: Config,
  store: ArtifactStore,
  documents: Documents,
  watching: Watching,
): Promise<Compute> {
  const { deployment } = config;
  if (deployment.compute === 'kubernetes') return onCluster(config, deployment, store, documents, watching);
  return {
    jobs: localJobs(config, store, watching),
    policies: createPolicyHost({ servers: oneServer(endpointsOf(config).policy ?? '') }),
    fleet: undefined,
    reap: undefined,
    close: async () => undefined,
  };
}

function localJobs(config: Config, store: ArtifactStore, { startEnv }: Watching): JobRunner {
  return createLocalJobRunner({
    store,
    jobsDir: config.paths.jobs,
    ...trainerCommand(config),
    supervisor: config.stack,
    startEnv,
  });
}

async function onCluster(
  config: Config,
  { store: address, cluster: settings }: OnCluster,
  store: ArtifactStore,
  documents: Documents,
  { startEnv, watched }: Watching,
): Promise<Compute> {
  const { kubeconfig, namespace, workload, tokenSecret } = settings;
  const token = readPolicyToken(settings.tokenFile);
  // The one that this process goes on asking with, whatever the file holds later.
  const held = { file: settings.tokenFile, sha256: hashOfToken(token) };
  const cluster = watched(openCluster({ kubeconfig: kubeconfig ?? undefined }));
  const access = accessOf(address, settings.storeSecret);
  const profileOf = mustHaveProfile(documents);
  const reportOn =
    (what: string) =>
    (trouble: Error): void =>
      void process.stderr.write(`${new Date().toISOString()} ${what}: ${trouble.message}\n`);
  const nodes = await watchNodes({ cluster, store, name: 'default', onTrouble: reportOn('nodes') });
  const watch = createPodWatch({ cluster, namespace, onTrouble: reportOn('pods') });
  const { quarantined, noteStop: onStop } = nodes;
  const servers = createServerFleet({
    cluster,
    quarantined,
    preflight: (profile) => preflight(cluster, needsOf(profile, settings, held)),
    access,
    namespace,
    profileOf,
    tokenSecret,
    workloads: workload === 'jobset' ? ['JobSet', 'Job'] : ['Job'],
  });
  const fleet = noting(config, namespace, servers);
  return {
    jobs: createKubernetesJobRunner({
      cluster,
      store,
      access,
      namespace,
      profileOf,
      workload,
      quarantined,
      onStop,
      watch,
      startEnv,
    }),
    fleet,
    policies: createPolicies({
      ...{ store, token, profileOf },
      adapters: createPolicyHost({ servers: createPolicyServers({ cluster, namespace }), token }),
      engines: createEngineAddresses({ cluster, namespace }),
    }),
    close: async () => void (await Promise.all([nodes.close(), watch.close()])),
    reap: (look) => reap({ cluster, namespace, place: access.address, fleet, look }),
  };
}

/** A stack's home remembers whose objects its worker makes; a worker in a pod has no home that outlives it. */
function noting(config: Config, namespace: string, fleet: ServerFleet): ServerFleet {
  if (config.stack === undefined) return fleet;
  return {
    ...fleet,
    async open(campaign, signal, onProgress) {
      await noteClusterCampaign(config, campaign, namespace);
      await fleet.open(campaign, signal, onProgress);
    },
  };
}

/** The store as pods are told of it: the address by one variable, endpoint and region by the SDK's own. */
function accessOf(address: string, secret: string | null): StoreAccess {
  const [place = '', query = ''] = address.split('?', 2);
  const parameters = new URLSearchParams(query);
  return {
    address: place,
    endpoint: parameters.get('endpoint') ?? undefined,
    region: parameters.get('region') ?? undefined,
    secret: secret ?? undefined,
  };
}

function mustHaveProfile(documents: Documents): (campaign: CampaignName) => Promise<ProfileSpec> {
  return async (campaign) => {
    const profile = await documents.profile(campaign);
    if (profile !== undefined) return profile;
    throw new AnnealError('profile.not_found', `${campaign} was submitted without a model profile`);
  };
}
