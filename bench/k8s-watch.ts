// CPU and memory of a process that watches 10,000 pods: our informer, and the client library's, each over the same pods in turn.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jobName, sha256 } from '../contracts/ids.ts';
import { pathOf } from '../k8s/cluster/workloads.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { trainerJob } from '../k8s/manifests/trainer.ts';
import type { Less } from './k8s.ts';
import { type BenchCluster, NAMESPACE, say, startBenchCluster } from './k8s-cluster.ts';
import type { WatcherFigures } from './k8s-watcher.ts';
import { spread } from './load.ts';

const WATCHER = fileURLToPath(new URL('./k8s-watcher.ts', import.meta.url));
const PODS = 10_000;
const NODES = 100;
const CHANGES = 2_000;
const QUIET_MS = 30_000;
const TURNS = 3;
const PARALLEL = 24;

interface Sample {
  /** Until all were known: seconds, and seconds of CPU (the start of the process is in it, for both). */
  readonly syncSeconds: number;
  readonly syncCpu: number;
  readonly quietCpuPerMinute: number;
  readonly cpuPerThousandChanges: number;
  readonly heap: number;
  readonly resident: number;
  readonly peak: number;
}

const WHO = ['ours', 'client-node'] as const;

export async function run(print: (line: string) => void, less: Less): Promise<void> {
  const { turns = TURNS, pods: [pods = PODS] = [] } = less;
  await using bench = await startBenchCluster(['kwok'], NODES);
  await createPods(bench, pods);
  const all: Record<(typeof WHO)[number], Sample[]> = { ours: [], 'client-node': [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const who of turn % 2 === 0 ? WHO : WHO.toReversed()) {
      all[who].push(await watched(bench, who, turn, pods));
      say(`turn ${turn + 1} of ${turns}, ${who}: ${JSON.stringify(all[who].at(-1))}`);
    }
  }
  print(`${pods} running pods of a trainer on ${NODES} simulated nodes, medians (range) of ${turns} turns.\n`);
  print('| | our informer | `makeInformer` of @kubernetes/client-node |\n| --- | --- | --- |');
  const row = (what: string, of: keyof Sample, digits: number): void =>
    print(
      `| ${what} | ${WHO.map((who) =>
        range(
          all[who].map((one) => one[of]),
          digits,
        ),
      ).join(' | ')} |`,
    );
  row('all known after, s', 'syncSeconds', 1);
  row('CPU until then, s', 'syncCpu', 2);
  row('CPU while nothing changes, s a minute', 'quietCpuPerMinute', 3);
  row('CPU for 1,000 changes, s', 'cpuPerThousandChanges', 2);
  row('heap after collection, MiB', 'heap', 0);
  row('resident, MiB', 'resident', 0);
  row('peak, MiB', 'peak', 0);
}

async function watched(bench: BenchCluster, who: (typeof WHO)[number], turn: number, pods: number): Promise<Sample> {
  const began = performance.now();
  const child = fork(WATCHER, [who, bench.testbed.kubeconfig, NAMESPACE], { execArgv: ['--expose-gc'] });
  try {
    let synced = await figuresOf(child);
    while (synced.known < pods) {
      await sleep(50);
      synced = await figuresOf(child);
    }
    const syncSeconds = (performance.now() - began) / 1000;
    await sleep(2_000);
    const quiet = await figuresOf(child);
    await sleep(QUIET_MS);
    const still = await figuresOf(child);
    const changes = Math.min(CHANGES, pods);
    await change(bench, `${who}-${turn}`, changes);
    let changed = await figuresOf(child);
    while (changed.events < still.events + changes) {
      await sleep(100);
      changed = await figuresOf(child);
    }
    const { heap, resident, peak } = await figuresOf(child, 'collect');
    return {
      syncSeconds,
      syncCpu: synced.cpu,
      quietCpuPerMinute: ((still.cpu - quiet.cpu) * 60_000) / QUIET_MS,
      cpuPerThousandChanges: ((changed.cpu - still.cpu) * 1000) / changes,
      heap,
      resident,
      peak,
    };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

async function figuresOf(child: ChildProcess, how: 'look' | 'collect' = 'look'): Promise<WatcherFigures> {
  const answered = once(child, 'message');
  child.send(how);
  const [figures] = await answered;
  return figures as WatcherFigures;
}

const podName = (index: number): string => `pod-${index}`;

/** Bound to their nodes at once: the scheduler is not what is measured. */
async function createPods({ cluster, nodes }: BenchCluster, pods: number): Promise<void> {
  const manifest = trainerJob({
    namespace: NAMESPACE,
    campaign: 'bench',
    document: { name: jobName.parse('bench-r1-train'), specHash: sha256.parse('a'.repeat(64)), maxSeconds: 600 },
    attempt: 1,
    profile: await loadProfile('one-gpu'),
    store: { address: 's3://bench/bench', secret: 'store' },
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-bench', uid: 'bench' },
    avoid: [],
  });
  const { template } = manifest.spec as { template: { metadata: object; spec: object } };
  const path = pathOf('Pod', NAMESPACE);
  await inParallel(pods, async (index) => {
    const metadata = { ...template.metadata, name: podName(index) };
    const spec = { ...template.spec, nodeName: nodes[index % nodes.length] };
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

async function change({ cluster }: BenchCluster, value: string, count: number): Promise<void> {
  const body = { metadata: { annotations: { 'bench.anneal.dev/turn': value } } };
  const contentType = 'application/merge-patch+json';
  await inParallel(count, async (index) => {
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

function range(values: readonly number[], digits: number): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
