// What it costs to wait for jobs in a namespace with 10,000 pods of others: the runner as a worker has it, the same without its watch, and
// informers of the client library; for the waiting process and for the API server, from which what it does anyhow is taken off.
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { profileSpec } from '../contracts/profile.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { createKubernetesJobRunner } from '../k8s/runner/runner.ts';
import { trainingJob } from '../tests/support/training-job.ts';
import type { Less } from './k8s.ts';
import { type BenchCluster, NAMESPACE, say, startBenchCluster } from './k8s-cluster.ts';
import { askFigures, type ProcessFigures, withChild } from './k8s-figures.ts';
import { changePods, createPods } from './k8s-others.ts';
import { WAYS } from './k8s-ways.ts';
import { spread } from './load.ts';

const WAITER = fileURLToPath(new URL('./k8s-waiter.ts', import.meta.url));
const OTHERS = 10_000;
const CASES = [
  { jobs: 12, pods: 16 },
  { jobs: 1, pods: 1_024 },
];
/** Eight pods of one GPU on each, all cases at once. */
const NODES = 160;
const TURNS = 3;
const SETTLE_MS = 10_000;
const WINDOW_MS = 30_000;
/** Of others' pods, a second: a watch is told of none of them. */
const CHANGES = 20;
const READY_MS = 300_000;
const ACCESS = { address: 's3://bench/bench' };

interface Server {
  readonly cpu: number;
  readonly requests: number;
  readonly mib: number;
}
interface Sample extends ProcessFigures {
  readonly server: Server;
}

export async function run(print: (line: string) => void, less: Less): Promise<void> {
  const { turns = TURNS, pods: [others = OTHERS] = [] } = less;
  await using bench = await startBenchCluster(['kwok'], NODES);
  await createPods(bench, others);
  print(
    `${others} pods of others, ${CHANGES} of them changed a second. Medians (range) of ${turns} turns, a process each.`,
  );
  for (const [index, one] of CASES.entries()) {
    const { store, names } = await begin(bench, `case${index}`, one.jobs, one.pods);
    const idle: Server[] = [];
    const all = new Map(WAYS.map((way) => [way, [] as Sample[]]));
    for (let turn = 0; turn < turns; turn += 1) {
      idle.push(await watched(bench, () => sleep(WINDOW_MS)));
      for (const way of turn % 2 === 0 ? WAYS : WAYS.toReversed()) {
        const sample = await sampled(bench, [way, bench.testbed.kubeconfig, NAMESPACE, store, ...names]);
        all.get(way)!.push(sample);
        say(`turn ${turn + 1} of ${turns}, ${one.jobs} × ${one.pods}, ${way}: ${JSON.stringify(sample)}`);
      }
    }
    const anyhow = spread(idle.map((server) => server.cpu)).median;
    print(`\n${one.jobs} ${one.jobs === 1 ? 'job' : 'jobs'} of ${one.pods} pods:\n`);
    print(
      '| | the runner | without its watch | `makeInformer` of @kubernetes/client-node |\n| --- | --- | --- | --- |',
    );
    const row = (what: string, of: (sample: Sample) => number, digits: number): void =>
      print(`| ${what} | ${WAYS.map((way) => range(all.get(way)!.map(of), digits)).join(' | ')} |`);
    row('CPU, s a minute', ({ cpu }) => cpu, 2);
    row('heap after collection, MiB', ({ heap }) => heap, 0);
    row('resident, MiB', ({ resident }) => resident, 0);
    row('peak, MiB', ({ peak }) => peak, 0);
    row('lists and reads, a second', ({ server }) => server.requests, 2);
    row('answers, MiB a minute', ({ server }) => server.mib, 1);
    row(`API server: CPU beyond ${anyhow.toFixed(1)}, s a minute`, ({ server }) => server.cpu - anyhow, 2);
  }
}

/** Submits the jobs and waits until all their pods run. */
async function begin(bench: BenchCluster, campaign: string, jobs: number, pods: number) {
  const one = await loadProfile('one-gpu');
  const profile = profileSpec.parse({ ...one, trainer: { ...one.trainer, nodes: pods } });
  const folder = await mkdtemp(join(bench.folder, 'store-'));
  const runner = createKubernetesJobRunner({
    ...{ cluster: bench.cluster, store: createFolderStore(folder), access: ACCESS, namespace: NAMESPACE },
    ...{ profileOf: async () => profile, workload: 'job' },
  });
  const names = Array.from({ length: jobs }, (_, index) => trainingJob(`${campaign}x${index}-r1-train`).name);
  for (const name of names) await runner.submit(trainingJob(name));
  for (const until = performance.now() + READY_MS; ; await sleep(2_000)) {
    const states = await Promise.all(names.map((name) => runner.state(name)));
    const open = states.find((state) => state.phase !== 'running' || state.waiting !== undefined);
    if (open === undefined) return { store: folder, names };
    say(JSON.stringify(open));
    if (performance.now() > until) throw new Error(`${jobs} jobs of ${pods} pods do not run: ${JSON.stringify(open)}`);
  }
}

function sampled(bench: BenchCluster, argv: readonly string[]): Promise<Sample> {
  return withChild(WAITER, argv, async (child) => {
    await sleep(SETTLE_MS);
    let cpu = 0;
    const server = await watched(bench, async () => {
      const before = await askFigures<{ looks: number }>(child);
      await sleep(WINDOW_MS);
      const after = await askFigures<{ looks: number }>(child);
      if (after.looks === before.looks) throw new Error('it did not look');
      cpu = perMinute(after.cpu - before.cpu);
    });
    return { ...(await askFigures(child, 'collect')), cpu, server };
  });
}

const perMinute = (value: number): number => (value * 60_000) / WINDOW_MS;

/** What the API server does while `work` lasts and others' pods change. */
async function watched(bench: BenchCluster, work: () => Promise<unknown>): Promise<Server> {
  const before = await serverOf(bench);
  const changes = (CHANGES * WINDOW_MS) / 1000;
  await Promise.all([work(), changePods(bench, `${performance.now()}`, changes, CHANGES)]);
  const after = await serverOf(bench);
  return {
    cpu: perMinute(after.cpu - before.cpu),
    requests: ((after.requests - before.requests) * 1000) / WINDOW_MS,
    mib: perMinute(after.mib - before.mib),
  };
}

/** By its own account since its start. */
async function serverOf({ testbed }: BenchCluster): Promise<Server> {
  const { text } = await testbed.api.send('GET', '/metrics');
  const sum = (metric: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${metric}{`) && READS.every((one) => one.test(line)))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  return {
    cpu: Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]),
    requests: sum('apiserver_request_total'),
    mib: sum('apiserver_response_sizes_sum') / 2 ** 20,
  };
}
const READS = [/\bresource="(pods|jobs)"/, /\bverb="(GET|LIST)"/];

function range(values: readonly number[], digits: number): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
