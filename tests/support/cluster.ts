// A control plane for tests, and a hand that does to pods what a kubelet would: no node is needed to try the runner.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { type Pod, pod as podSchema } from '../../k8s/cluster/objects.ts';
import { type Cluster, type ClusterOptions, openCluster } from '../../k8s/cluster/request.ts';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import type { Part, TestbedOptions } from '../../k8s/testbed/options.ts';
import { binariesOf, startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import type { SHARED } from './shared-clusters.ts';

/** Whether the programs of these parts were built before; tests that need them are skipped otherwise. */
export const isBuilt = (parts: readonly Part[]): boolean =>
  binariesOf(parts).every((name) => cachedBinary(name) !== undefined);

export interface TestCluster {
  readonly testbed: Testbed;
  readonly cluster: Cluster;
  /** Another client, with settings of its own. */
  client(options: ClusterOptions): Cluster;
  namespace(name: string): Promise<void>;
  pods(namespace: string, job: string): Promise<Pod[]>;
  /** Writes a pod's status, as its kubelet would. */
  report(pod: Pod, status: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestCluster(
  parts: readonly Part[] = [],
  options: Pick<TestbedOptions, 'heartbeatSeconds'> = {},
): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'anneal-cluster-'));
  return opened(await startTestbed({ dir, parts, ...options }), async (testbed) => {
    await testbed.stop();
    await rm(dir, { recursive: true, force: true });
  });
}

/**
 * The one of this run, with these parts and those that others asked for: other files use it at the same time, and find there what this one
 * leaves. So a file has namespaces and accounts of its own, changes nothing else of the cluster, and kills none of its components.
 */
export async function shareTestbed(name: (typeof SHARED)[number], parts: readonly Part[] = []): Promise<Testbed> {
  const { dir, run } = inject('sharedClusters');
  await mkdir(join(dir, name), { recursive: true });
  const testbed = await startTestbed({ dir: join(dir, name), parts, lifetime: run });
  return { ...testbed, stop: async () => testbed.api.close() };
}

export const shareTestCluster = async (parts: readonly Part[] = []): Promise<TestCluster> =>
  opened(await shareTestbed('control-plane', parts), (testbed) => testbed.stop());

function opened(testbed: Testbed, stop: (testbed: Testbed) => Promise<void>): TestCluster {
  const client = (options: ClusterOptions): Cluster => openCluster({ kubeconfig: testbed.kubeconfig, ...options });
  const cluster = client({});
  return {
    testbed,
    cluster,
    client,
    async namespace(name) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await cluster.ask({ method: 'POST', path: '/api/v1/namespaces', body }, [409]);
    },
    async pods(namespace, job) {
      const query = { labelSelector: `anneal.dev/job=${job}` };
      const { body } = await cluster.ask({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods`, query });
      return z.object({ items: z.array(podSchema) }).parse(body).items;
    },
    async report({ metadata }, status) {
      await cluster.ask({
        method: 'PATCH',
        path: `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`,
        body: { status },
        contentType: 'application/merge-patch+json',
      });
    },
    stop: () => stop(testbed),
  };
}
