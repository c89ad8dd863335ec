// A cluster of GPU nodes that are only objects, under Kueue: what the tests of gangs, faults and scale share.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { JobRunner } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type Pod, pod } from '../../k8s/cluster/objects.ts';
import type { Cluster } from '../../k8s/cluster/request.ts';
import { engineService, engineSet } from '../../k8s/manifests/leader-worker-set.ts';
import { createKubernetesJobRunner, type KubernetesRunnerOptions } from '../../k8s/runner/runner.ts';
import { addGpuNodes, type GpuNodes, TOPOLOGY_LABELS } from '../../k8s/testbed/gpu-nodes.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';

export const TEAM = 'team-a';
const OTHERS = 'others';
/** The LocalQueue that the shipped profiles name. */
export const QUEUE_NAME = 'gpu';
/** anneal-training is what the shipped profiles name. */
export const PRIORITIES = { batch: 10, 'anneal-training': 1_000, urgent: 10_000 } as const;

const KUEUE = 'kueue.x-k8s.io/v1beta2';
const JOBSETS = `/apis/jobset.x-k8s.io/v1alpha2/namespaces/${TEAM}/jobsets`;
const GPUS = 8;

/** Nodes `gpu-0` …, a namespace, priority classes and, with Kueue, one queue over all nodes that knows blocks, racks and hosts. */
export async function furnish(testbed: Testbed, cluster: Cluster, plan: GpuNodes, kueue = true): Promise<string[]> {
  const create = (path: string, body: object) => cluster.ask({ method: 'POST', path, body });
  await create('/api/v1/namespaces', { metadata: { name: TEAM } });
  for (const [name, value] of Object.entries(PRIORITIES)) {
    await create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
  }
  await share('anneal-checkpoints', create);
  const names = await addGpuNodes(testbed, plan);
  if (!kueue) return names;
  const queueing = (path: string, kind: string, name: string, spec: object) =>
    create(`/apis/${KUEUE}/${path}`, { apiVersion: KUEUE, kind, metadata: { name }, spec });
  const levels = [TOPOLOGY_LABELS.block, TOPOLOGY_LABELS.rack, TOPOLOGY_LABELS.host];
  await queueing('topologies', 'Topology', 'network', { levels: levels.map((nodeLabel) => ({ nodeLabel })) });
  await queueing('resourceflavors', 'ResourceFlavor', 'h200', {
    nodeLabels: { 'nvidia.com/gpu.product': plan.product ?? 'NVIDIA-H200' },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
    topologyName: 'network',
  });
  const quotas = {
    cpu: plan.count * 192,
    memory: `${plan.count * 2}Ti`,
    'ephemeral-storage': `${plan.count * 8}Ti`,
    'nvidia.com/gpu': plan.count * GPUS,
    'rdma/ib': plan.count * GPUS,
  };
  const resources = Object.entries(quotas).map(([name, nominalQuota]) => ({ name, nominalQuota }));
  await queueing('clusterqueues', 'ClusterQueue', 'gpus', {
    namespaceSelector: {},
    queueingStrategy: 'BestEffortFIFO',
    preemption: { withinClusterQueue: 'LowerPriority' },
    resourceGroups: [{ coveredResources: Object.keys(quotas), flavors: [{ name: 'h200', resources }] }],
  });
  await queueing(`namespaces/${TEAM}/localqueues`, 'LocalQueue', QUEUE_NAME, { clusterQueue: 'gpus' });
  return names;
}

/** The volume that trainers over several nodes write to: a pod that names one which is not there finds no node. */
async function share(name: string, create: (path: string, body: object) => Promise<unknown>): Promise<void> {
  const spec = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  await create('/api/v1/persistentvolumes', {
    metadata: { name },
    spec: {
      ...spec,
      capacity: { storage: '16Ti' },
      hostPath: { path: `/${name}` },
      claimRef: { namespace: TEAM, name },
    },
  });
  await create(`/api/v1/namespaces/${TEAM}/persistentvolumeclaims`, {
    metadata: { name },
    spec: { ...spec, volumeName: name, resources: { requests: { storage: '16Ti' } } },
  });
}

export interface Crowd {
  readonly nodes: number;
  readonly priority: keyof typeof PRIORITIES;
  /** All within one value of this label. */
  readonly within?: string;
}

/** Somebody else's gang: whole nodes, by the same queue. */
export async function crowd(cluster: Cluster, name: string, { nodes, priority, within }: Crowd): Promise<void> {
  const annotations = within === undefined ? {} : { 'kueue.x-k8s.io/podset-required-topology': within };
  const limits = { 'nvidia.com/gpu': GPUS };
  const template = {
    metadata: { labels: { crowd: name }, annotations },
    spec: {
      restartPolicy: 'Never',
      priorityClassName: priority,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'nowhere/other:1', resources: { limits } }],
    },
  };
  const spec = { parallelism: nodes, completions: nodes, backoffLimit: 0, template };
  const body = {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name, labels: { 'kueue.x-k8s.io/queue-name': QUEUE_NAME } },
    spec: { suspend: true, replicatedJobs: [{ name: 'w', template: { spec } }] },
  };
  await cluster.ask({ method: 'POST', path: JOBSETS, body });
}

/** Somebody's pods that no queue knows of: one on each of these nodes, with all of its GPUs. */
export async function occupy(cluster: Cluster, nodes: readonly string[]): Promise<void> {
  await cluster.ask({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: OTHERS } } }, [409]);
  // Pods need the account that a controller makes for each namespace.
  const account = `/api/v1/namespaces/${OTHERS}/serviceaccounts/default`;
  while ((await cluster.ask({ method: 'GET', path: account }, [404])).status === 404) await sleep(100);
  const rest = nodes.values();
  const containers = [{ name: 'main', image: 'nowhere/other:1', resources: { limits: { 'nvidia.com/gpu': GPUS } } }];
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const nodeName of rest) {
        const body = { metadata: { name: nodeName }, spec: { nodeName, containers } };
        await cluster.ask({ method: 'POST', path: `/api/v1/namespaces/${OTHERS}/pods`, body }, [409]);
      }
    }),
  );
}

/** The policy servers of a campaign, as its worker would open them; their pods. */
export async function openEngines(cluster: Cluster, profile: ProfileSpec): Promise<() => Promise<Pod[]>> {
  const create = (path: string, body: object) => cluster.ask({ method: 'POST', path, body });
  const made = await create(`/api/v1/namespaces/${TEAM}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'anneal-m27-servers' },
  });
  const { name, uid } = (made.body as { metadata: { name: string; uid: string } }).metadata;
  const request = {
    namespace: TEAM,
    campaign: 'm27',
    profile,
    store: { address: 's3://anneal/test' },
    tokenSecret: 'anneal-policy',
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name, uid },
    avoid: [],
  };
  await create(`/apis/leaderworkerset.x-k8s.io/v1/namespaces/${TEAM}/leaderworkersets`, engineSet(request));
  await create(`/api/v1/namespaces/${TEAM}/services`, engineService(request));
  return () => podsBy(cluster, 'anneal.dev/role=policy-server');
}

export async function disperse(cluster: Cluster, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
  await cluster.ask({ method: 'DELETE', path: `${JOBSETS}/${name}`, body });
}

export async function podsBy(cluster: Cluster, labelSelector: string): Promise<Pod[]> {
  const path = `/api/v1/namespaces/${TEAM}/pods`;
  const { body } = await cluster.ask({ method: 'GET', path, query: { labelSelector, limit: 5_000 } });
  return z.object({ items: z.array(pod) }).parse(body).items;
}

/** Tells kwok how a pod ends (k8s/testbed/stages). */
export async function tell(cluster: Cluster, pods: readonly Pod[], what: Record<string, string>): Promise<void> {
  const annotations = Object.fromEntries(Object.entries(what).map(([key, at]) => [`testbed.anneal.dev/${key}`, at]));
  for (const { metadata } of pods) {
    await cluster.ask({
      method: 'PATCH',
      path: `/api/v1/namespaces/${TEAM}/pods/${metadata.name}`,
      body: { metadata: { annotations } },
      contentType: 'application/merge-patch+json',
    });
  }
}

export function openRunner(
  cluster: Cluster,
  folder: string,
  profile: ProfileSpec,
  over: Partial<KubernetesRunnerOptions> = {},
): JobRunner {
  return createKubernetesJobRunner({
    cluster,
    store: createFolderStore(folder),
    access: { address: 's3://anneal/test', secret: 'store' },
    namespace: TEAM,
    profileOf: async () => profile,
    workload: 'jobset',
    ...over,
  });
}
