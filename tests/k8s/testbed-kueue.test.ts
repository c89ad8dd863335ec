// Kueue in the testbed: a gang is admitted whole and within a rack, or waits; what waits is admitted when there is room.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import { addGpuNodes, TOPOLOGY_LABELS } from '../../k8s/testbed/gpu-nodes.ts';
import type { Part } from '../../k8s/testbed/options.ts';
import { binariesOf, startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';

const PARTS: readonly Part[] = ['control-plane', 'kwok', 'jobset', 'lws', 'kueue'];
const built = binariesOf(PARTS).every((name) => cachedBinary(name) !== undefined);
const KUEUE = '/apis/kueue.x-k8s.io/v1beta2';
const JOBSETS = '/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets';
const LWS = '/apis/leaderworkerset.x-k8s.io/v1/namespaces/default/leaderworkersets';

interface Pod {
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase?: string };
}

describe.skipIf(!built)('a testbed with Kueue', () => {
  let dir: string;
  let testbed: Testbed;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-testbed-'));
    testbed = await startTestbed({ dir, parts: PARTS });
    await addGpuNodes(testbed, { count: 4, nodesPerRack: 2 });
    const levels = [TOPOLOGY_LABELS.block, TOPOLOGY_LABELS.rack, TOPOLOGY_LABELS.host];
    await create('topologies', 'Topology', 'racks', { levels: levels.map((nodeLabel) => ({ nodeLabel })) });
    await create('resourceflavors', 'ResourceFlavor', 'h200', {
      nodeLabels: { type: 'kwok' },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
      topologyName: 'racks',
    });
    const quota = { name: 'nvidia.com/gpu', nominalQuota: 32 };
    await create('clusterqueues', 'ClusterQueue', 'gpus', {
      namespaceSelector: {},
      resourceGroups: [{ coveredResources: ['nvidia.com/gpu'], flavors: [{ name: 'h200', resources: [quota] }] }],
    });
    await create('namespaces/default/localqueues', 'LocalQueue', 'team', { clusterQueue: 'gpus' });
  }, 120_000);

  afterAll(async () => {
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  test('a gang waits whole until it fits whole, and lies where its topology says', async () => {
    await gang('first', 2, TOPOLOGY_LABELS.rack);
    const first = await running('jobset.sigs.k8s.io/jobset-name=first', 2);
    expect([
      ['gpu-0', 'gpu-1'],
      ['gpu-2', 'gpu-3'],
    ]).toContainEqual(first);
    await gang('second', 4, TOPOLOGY_LABELS.block);
    await sleep(1_000);
    expect(await podsOf('jobset.sigs.k8s.io/jobset-name=second')).toEqual([]);
    await testbed.api.call('DELETE', `${JOBSETS}/first`);
    expect(await running('jobset.sigs.k8s.io/jobset-name=second', 4)).toEqual(['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3']);
  });

  test('a LeaderWorkerSet gets its leader and its worker', async () => {
    const tolerations = [{ key: 'nvidia.com/gpu', operator: 'Exists' }];
    await testbed.api.call('POST', LWS, {
      apiVersion: 'leaderworkerset.x-k8s.io/v1',
      kind: 'LeaderWorkerSet',
      metadata: { name: 'server' },
      spec: {
        replicas: 1,
        leaderWorkerTemplate: {
          size: 2,
          workerTemplate: { spec: { tolerations, containers: [{ name: 'main', image: 'nowhere/server:1' }] } },
        },
      },
    });
    expect(await running('leaderworkerset.sigs.k8s.io/name=server', 2)).toHaveLength(2);
  });

  async function create(plural: string, kind: string, name: string, spec: object): Promise<void> {
    await testbed.api.call('POST', `${KUEUE}/${plural}`, {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind,
      metadata: { name },
      spec,
    });
  }

  async function gang(name: string, size: number, within: string): Promise<void> {
    const containers = [{ name: 'main', image: 'nowhere/trainer:1', resources: { limits: { 'nvidia.com/gpu': 8 } } }];
    const pod = {
      metadata: { annotations: { 'kueue.x-k8s.io/podset-required-topology': within } },
      spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers },
    };
    const job = { parallelism: size, completions: size, backoffLimit: 0, template: pod };
    await testbed.api.call('POST', JOBSETS, {
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
      metadata: { name, labels: { 'kueue.x-k8s.io/queue-name': 'team' } },
      spec: { suspend: true, replicatedJobs: [{ name: 'workers', template: { spec: job } }] },
    });
  }

  async function podsOf(selector: string): Promise<readonly Pod[]> {
    const path = `/api/v1/namespaces/default/pods?labelSelector=${encodeURIComponent(selector)}`;
    return (await testbed.api.call<{ items: readonly Pod[] }>('GET', path)).items;
  }

  /** The nodes of a selector's pods, once so many run. */
  async function running(selector: string, count: number): Promise<(string | undefined)[]> {
    for (const deadline = performance.now() + 45_000; performance.now() < deadline; await sleep(100)) {
      const pods = await podsOf(selector);
      if (pods.length === count && pods.every(({ status }) => status.phase === 'Running')) {
        return pods.map(({ spec }) => spec.nodeName).sort();
      }
    }
    throw new Error(`not ${count} running pods of ${selector} within 45 s`);
  }
});
