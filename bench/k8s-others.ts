// Many pods of a trainer that nobody here waits for, and changes of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { jobName, sha256 } from '../contracts/ids.ts';
import { pathOf } from '../k8s/cluster/workloads.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { trainerJob } from '../k8s/manifests/trainer.ts';
import { type BenchCluster, NAMESPACE, say } from './k8s-cluster.ts';

const PARALLEL = 24;

const podName = (index: number): string => `pod-${index}`;

interface PodTemplate {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly { readonly resources?: object }[] };
}

/** Bound to their nodes at once, and without a claim to them: the scheduler is not what is measured, and others need room. */
export async function createPods({ cluster, nodes }: BenchCluster, pods: number): Promise<void> {
  const manifest = trainerJob({
    namespace: NAMESPACE,
    campaign: 'bench',
    document: { name: jobName.parse('others-r1-train'), specHash: sha256.parse('a'.repeat(64)), maxSeconds: 600 },
    attempt: 1,
    profile: await loadProfile('one-gpu'),
    store: { address: 's3://bench/bench', secret: 'store' },
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-bench', uid: 'bench' },
    avoid: [],
  });
  const { template } = manifest.spec as { template: PodTemplate };
  const path = pathOf('Pod', NAMESPACE);
  await inParallel(pods, async (index) => {
    const metadata = { ...template.metadata, name: podName(index) };
    const containers = template.spec.containers.map(({ resources: _, ...one }) => one);
    const spec = { ...template.spec, containers, nodeName: nodes[index % nodes.length] };
    await cluster.ask({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'Pod', metadata, spec } }, [409]);
    if (index % 1_000 === 0) say(`${index} of ${pods} pods`);
  });
  for (;;) {
    const query = { fieldSelector: 'status.phase!=Running', limit: 1 };
    const { body } = await cluster.ask({ method: 'GET', path, query });
    if ((body as { items: unknown[] }).items.length === 0) return;
    await sleep(500);
  }
}

/** @param perSecond undefined: as fast as the API server takes it */
export async function changePods(
  { cluster }: BenchCluster,
  value: string,
  count: number,
  perSecond?: number,
): Promise<void> {
  const body = { metadata: { annotations: { 'bench.anneal.dev/turn': value } } };
  const contentType = 'application/merge-patch+json';
  const began = performance.now();
  await inParallel(count, async (index) => {
    const early = perSecond === undefined ? 0 : began + (index * 1000) / perSecond - performance.now();
    if (early > 0) await sleep(early);
    await cluster.ask({ method: 'PATCH', path: pathOf('Pod', NAMESPACE, podName(index)), body, contentType });
  });
}

async function inParallel(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}
