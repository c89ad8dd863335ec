// A cluster of simulated nodes for a benchmark, with the administrator's client.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, openCluster } from '../k8s/cluster/request.ts';
import { addGpuNodes } from '../k8s/testbed/gpu-nodes.ts';
import type { Part } from '../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../k8s/testbed/testbed.ts';
import { endingStack } from './ending.ts';

export const NAMESPACE = 'bench';

export interface BenchCluster extends AsyncDisposable {
  readonly testbed: Testbed;
  readonly cluster: Cluster;
  readonly folder: string;
  readonly nodes: readonly string[];
}

export const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function startBenchCluster(parts: readonly Part[], nodes: number): Promise<BenchCluster> {
  const stack = endingStack();
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-k8s-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Nodes prove seldom that they live: it is not they that are measured.
  const testbed = await startTestbed({ dir: join(folder, 'testbed'), parts, heartbeatSeconds: 60, onProgress: say });
  stack.defer(() => testbed.stop());
  const names = await addGpuNodes(testbed, { count: nodes });
  await testbed.api.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  const cluster = openCluster({ kubeconfig: testbed.kubeconfig });
  return { testbed, cluster, folder, nodes: names, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
