// Simulated GPU nodes in zones, blocks and racks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, KubeObject } from './api.ts';
import { failure } from './failure.ts';
import { KWOK_LABEL } from './kwok.ts';
import { KUBERNETES_VERSION } from './programs.ts';
import type { Testbed } from './testbed.ts';

export interface GpuNodes {
  readonly count: number;
  /** 8 by default. */
  readonly gpusPerNode?: number;
  /** Nodes are `gpu-0`, `gpu-1` … by default. */
  readonly prefix?: string;
  readonly instanceType?: string;
  readonly product?: string;
  /** 16 by default; racks fill up in the order of the nodes. */
  readonly nodesPerRack?: number;
  /** 8 by default. */
  readonly racksPerBlock?: number;
  /** Everything in one zone by default. */
  readonly blocksPerZone?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The labels that Kueue's topology and the profiles' topologyKey speak of. */
export const TOPOLOGY_LABELS = {
  zone: 'topology.kubernetes.io/zone',
  block: 'topology.kubernetes.io/block',
  rack: 'topology.kubernetes.io/rack',
  host: 'kubernetes.io/hostname',
} as const;

/** So many requests at once; more only wait in the API server. */
const PARALLEL = 32;

/** Returns the names, when pods that are bound to these nodes run. */
export async function addGpuNodes(testbed: Testbed, plan: GpuNodes): Promise<string[]> {
  const nodes = Array.from({ length: plan.count }, (_, index) => gpuNode(plan, index));
  await each(nodes, (node) => testbed.api.call('POST', '/api/v1/nodes', node));
  const names = nodes.map((node) => `${node.metadata?.name}`);
  await untilKept(testbed.api, new Set(names));
  return names;
}

/**
 * `down`: lost as a node is that lost power; nobody renews its lease or stops its pods, and what would take its lease's time is
 * said at once. `not-ready`: it says so itself. `up`: as before. (The annotation of stages/node-down.yaml keeps the pods alive.)
 */
export async function setNode(testbed: Testbed, name: string, state: 'up' | 'down' | 'not-ready'): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const annotations = { 'testbed.anneal.dev/node': state === 'not-ready' ? state : null };
  const labels = { [KWOK_LABEL.name]: state === 'down' ? 'lost' : KWOK_LABEL.value };
  await testbed.api.call('PATCH', path, { metadata: { annotations, labels } }, 'application/merge-patch+json');
  if (state === 'down')
    await testbed.api.call('PATCH', `${path}/status`, { status: { conditions: lost() } }, STRATEGIC);
}

const STRATEGIC = 'application/strategic-merge-patch+json';
const lost = (): object[] => [
  { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', lastTransitionTime: new Date().toISOString() },
];

function gpuNode(plan: GpuNodes, index: number): KubeObject {
  const name = `${plan.prefix ?? 'gpu'}-${index}`;
  const rack = Math.floor(index / (plan.nodesPerRack ?? 16));
  const block = Math.floor(rack / (plan.racksPerBlock ?? 8));
  const zone = Math.floor(block / (plan.blocksPerZone ?? Number.MAX_SAFE_INTEGER));
  const resources = {
    cpu: '192',
    memory: '2Ti',
    'ephemeral-storage': '8Ti',
    pods: '110',
    'nvidia.com/gpu': `${plan.gpusPerNode ?? 8}`,
    'rdma/ib': `${plan.gpusPerNode ?? 8}`,
  };
  const now = new Date().toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [KWOK_LABEL.name]: KWOK_LABEL.value,
        // The old names too, or the node controller adds them one node at a time.
        ...{ 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/arch': 'amd64' },
        ...{ 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'linux' },
        'node.kubernetes.io/instance-type': plan.instanceType ?? 'p5.48xlarge',
        'nvidia.com/gpu.product': plan.product ?? 'NVIDIA-H200',
        [TOPOLOGY_LABELS.zone]: `zone-${zone}`,
        [TOPOLOGY_LABELS.block]: `block-${block}`,
        [TOPOLOGY_LABELS.rack]: `rack-${rack}`,
        [TOPOLOGY_LABELS.host]: name,
        ...plan.labels,
      },
    },
    spec: { taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }] },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now },
      ],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: `v${KUBERNETES_VERSION}`,
        containerRuntimeVersion: 'kwok://0',
        ...{
          machineID: name,
          systemUUID: name,
          bootID: name,
          kernelVersion: '6',
          osImage: 'kwok',
          kubeProxyVersion: '',
        },
      },
    },
  };
}

interface LeaseList {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** Until kwok has a lease on each: it plays no stage for a pod that is bound to a node before, and may overlook it for good. */
async function untilKept(api: Api, names: ReadonlySet<string>): Promise<void> {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  for (const deadline = performance.now() + 300_000; ; ) {
    let kept = 0;
    let next = '';
    do {
      const page = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
      const list = await api.call<LeaseList>('GET', `${leases}?limit=1000${page}`);
      kept += list.items.filter(({ metadata }) => names.has(metadata.name)).length;
      next = list.metadata.continue ?? '';
    } while (next !== '');
    if (kept === names.size) return;
    if (performance.now() > deadline) {
      throw failure('testbed.request_failed', `kwok keeps ${kept} of ${names.size} nodes after 300 s; does it run?`);
    }
    await sleep(names.size > 500 ? 500 : 100);
  }
}

async function each<T>(items: readonly T[], task: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of rest) await task(item);
    }),
  );
}
