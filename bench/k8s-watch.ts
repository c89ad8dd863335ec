// CPU and memory of a process that watches 10,000 pods: our informer, and the client library's, each over the same pods in turn.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Less } from './k8s.ts';
import { type BenchCluster, NAMESPACE, say, startBenchCluster } from './k8s-cluster.ts';
import { askFigures, withChild } from './k8s-figures.ts';
import { changePods, createPods } from './k8s-others.ts';
import type { Watched } from './k8s-watcher.ts';
import { spread } from './load.ts';

const WATCHER = fileURLToPath(new URL('./k8s-watcher.ts', import.meta.url));
const PODS = 10_000;
const NODES = 100;
const CHANGES = 2_000;
const QUIET_MS = 30_000;
const TURNS = 3;

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

function watched(bench: BenchCluster, who: (typeof WHO)[number], turn: number, pods: number): Promise<Sample> {
  const began = performance.now();
  return withChild(WATCHER, [who, bench.testbed.kubeconfig, NAMESPACE], async (child) => {
    const figuresOf = (how?: 'collect') => askFigures<Watched>(child, how);
    let synced = await figuresOf();
    while (synced.known < pods) {
      await sleep(50);
      synced = await figuresOf();
    }
    const syncSeconds = (performance.now() - began) / 1000;
    await sleep(2_000);
    const quiet = await figuresOf();
    await sleep(QUIET_MS);
    const still = await figuresOf();
    const changes = Math.min(CHANGES, pods);
    await changePods(bench, `${who}-${turn}`, changes);
    let changed = await figuresOf();
    while (changed.events < still.events + changes) {
      await sleep(100);
      changed = await figuresOf();
    }
    const { heap, resident, peak } = await figuresOf('collect');
    return {
      syncSeconds,
      syncCpu: synced.cpu,
      quietCpuPerMinute: ((still.cpu - quiet.cpu) * 60_000) / QUIET_MS,
      cpuPerThousandChanges: ((changed.cpu - still.cpu) * 1000) / changes,
      heap,
      resident,
      peak,
    };
  });
}

function range(values: readonly number[], digits: number): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
