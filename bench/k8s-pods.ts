// Time from a submission to the last of its pods, through our runner and through `kubectl create` of the same manifest, by turns. Who
// makes the pods, the cluster's own controllers, is the same for both; kubectl has its manifest ready and only sends it.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { jobName } from '../contracts/ids.ts';
import { type ProfileSpec, profileSpec } from '../contracts/profile.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { createWorkloads, pathOf } from '../k8s/cluster/workloads.ts';
import { JOB } from '../k8s/labels.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { trainerManifest, type WorkloadKind } from '../k8s/manifests/trainer.ts';
import { attemptName } from '../k8s/names.ts';
import { ensureOwner } from '../k8s/owner.ts';
import { createKubernetesJobRunner } from '../k8s/runner/runner.ts';
import { ensureBinary } from '../k8s/testbed/binaries.ts';
import { trainingJob } from '../tests/support/training-job.ts';
import type { Less } from './k8s.ts';
import { type BenchCluster, NAMESPACE, say, startBenchCluster } from './k8s-cluster.ts';
import { countAdded } from './k8s-count.ts';
import { spread } from './load.ts';

const SIZES = [12, 128, 1_024];
const TURNS = 5;
/** Eight pods of one GPU on each. */
const NODES = 128;
const ACCESS = { address: 's3://bench/bench', secret: 'store' };
const LIMIT_MS = 300_000;
/** Of one line: a busy machine gets fewer turns, and the line says how many. */
const LINE_MS = 900_000;
const KINDS = ['jobset', 'job'] as const;

export async function run(print: (line: string) => void, less: Less): Promise<void> {
  const { turns: count = TURNS, pods: sizes = SIZES, as = KINDS } = less;
  // Before anything is printed.
  await ensureBinary('kubectl', say);
  await using bench = await startBenchCluster(['kwok', 'jobset'], NODES);
  print('Seconds, medians (range) of turns that alternate in order; the first turn of each line is thrown away.\n');
  print('| pods | as | turns | `submit` | `kubectl create` | ratio (range) |\n| --- | --- | --- | --- | --- | --- |');
  for (const kind of KINDS.filter((one) => as.includes(one))) {
    for (const pods of sizes) {
      const { ours, theirs, failure } = await turns(bench, kind, pods, count);
      const ratios = theirs.map((seconds, turn) => ours[turn]! / seconds);
      const figures = ratios.length === 0 ? '| | |' : `| ${range(ours)} | ${range(theirs)} | ${range(ratios)}`;
      print(`| ${pods} | ${kind} | ${ratios.length} ${figures} |${failure === undefined ? '' : ` ended: ${failure}`}`);
    }
  }
}

async function turns(bench: BenchCluster, kind: WorkloadKind, pods: number, count: number) {
  const profile = await profileOf(pods);
  const ours: number[] = [];
  const theirs: number[] = [];
  const submit = await ourWay(bench, kind, profile);
  const create = await kubectlsWay(bench, kind, profile);
  const until = performance.now() + LINE_MS;
  for (let turn = 0; turn <= count; turn += 1) {
    if (turn > 1 && performance.now() > until)
      return { ours, theirs, failure: `${LINE_MS / 60_000} minutes were over` };
    const ways = [
      { into: ours, name: `${kind}${pods}-r${2 * turn + 1}-train`, way: submit },
      { into: theirs, name: `${kind}${pods}-r${2 * turn + 2}-train`, way: create },
    ];
    const seconds = new Map<number[], number>();
    try {
      for (const { into, name, way } of turn % 2 === 0 ? ways : ways.toReversed()) {
        seconds.set(into, await timed(bench, kind, name, pods, way));
      }
    } catch (failure) {
      // One line that does not come to its end must not cost the others.
      return { ours, theirs, failure: `turn ${turn}: ${failure instanceof Error ? failure.message : failure}` };
    }
    if (turn > 0) for (const [into, value] of seconds) into.push(value);
    const [mine, kubectls] = [ours, theirs].map((into) => seconds.get(into)?.toFixed(2));
    say(`${pods} pods as ${kind}: turn ${turn} of ${count}: ${mine} and ${kubectls} s`);
  }
  return { ours, theirs, failure: undefined };
}

/** Whatever comes before the clock starts, and then what it measures. */
type Way = (name: string) => Promise<() => Promise<unknown>>;

async function timed(bench: BenchCluster, kind: WorkloadKind, name: string, pods: number, way: Way): Promise<number> {
  const { cluster } = bench;
  const go = await way(name);
  const added = await countAdded(cluster, pathOf('Pod', NAMESPACE), { [JOB]: name }, pods, LIMIT_MS);
  const began = performance.now();
  const [ended] = await Promise.all([added.reached, go()]);
  const seconds = (ended - began) / 1000;
  const workloads = createWorkloads(cluster);
  const object = [kind === 'jobset' ? 'JobSet' : 'Job', NAMESPACE, attemptName(jobName.parse(name), 1)] as const;
  await workloads.remove(...object);
  // It stays until all that it owns is gone.
  const removed = performance.now();
  while ((await workloads.read(...object)) !== undefined) {
    if (performance.now() - removed > LIMIT_MS) throw new Error(`${name} is not gone after ${LIMIT_MS / 1000} s`);
    await sleep(500);
  }
  say(`${name}: there in ${seconds.toFixed(2)} s, gone in ${((performance.now() - removed) / 1000).toFixed(1)} s`);
  // What the controllers still write about the last turn is not the next one's.
  await sleep(2_000);
  return seconds;
}

async function ourWay(bench: BenchCluster, kind: WorkloadKind, profile: ProfileSpec): Promise<Way> {
  const store = createFolderStore(join(bench.folder, 'store'));
  const runner = createKubernetesJobRunner({
    cluster: bench.cluster,
    store,
    access: ACCESS,
    namespace: NAMESPACE,
    profileOf: async () => profile,
    workload: kind,
  });
  return async (name) => () => runner.submit(trainingJob(name));
}

/** Its manifests are made, and its owner is there, before the clock starts. */
async function kubectlsWay(bench: BenchCluster, kind: WorkloadKind, profile: ProfileSpec): Promise<Way> {
  const kubectl = await ensureBinary('kubectl', say);
  const env = { ...process.env, KUBECONFIG: bench.testbed.kubeconfig, KUBECACHEDIR: join(bench.folder, 'kubectl') };
  const owner = await ensureOwner(createWorkloads(bench.cluster), NAMESPACE, 'bench', ACCESS.address);
  return async (name) => {
    const document = trainingJob(name);
    const manifest = trainerManifest(kind, {
      namespace: NAMESPACE,
      campaign: 'bench',
      document,
      attempt: 1,
      profile,
      store: ACCESS,
      owner,
      avoid: [],
    });
    const file = join(bench.folder, `${name}.json`);
    await writeFile(file, JSON.stringify(manifest));
    return () => promisify(execFile)(kubectl, ['create', '-f', file], { env });
  };
}

async function profileOf(pods: number): Promise<ProfileSpec> {
  const one = await loadProfile('one-gpu');
  return profileSpec.parse({ ...one, trainer: { ...one.trainer, nodes: pods } });
}

function range(values: readonly number[]): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
