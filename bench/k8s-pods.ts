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

export async function run(print: (line: string) => void, less: Less): Promise<void> {
  const { turns: count = TURNS, pods: sizes = SIZES } = less;
  await using bench = await startBenchCluster(['kwok', 'jobset'], NODES);
  print('Seconds, medians (range) of turns that alternate in order; the first turn of each line is thrown away.\n');
  print('| pods | as | `submit` | `kubectl create` | ratio (range) |\n| --- | --- | --- | --- | --- |');
  for (const kind of ['jobset', 'job'] as const) {
    for (const pods of sizes) {
      const { ours, theirs } = await turns(bench, kind, pods, count);
      const ratios = ours.map((seconds, turn) => seconds / theirs[turn]!);
      print(`| ${pods} | ${kind} | ${range(ours)} | ${range(theirs)} | ${range(ratios)} |`);
    }
  }
}

async function turns(bench: BenchCluster, kind: WorkloadKind, pods: number, count: number) {
  const profile = await profileOf(pods);
  const ours: number[] = [];
  const theirs: number[] = [];
  const submit = await ourWay(bench, kind, profile);
  const create = await kubectlsWay(bench, kind, profile);
  for (let turn = 0; turn <= count; turn += 1) {
    const ways = [
      { into: ours, name: `${kind}${pods}-r${2 * turn + 1}-train`, way: submit },
      { into: theirs, name: `${kind}${pods}-r${2 * turn + 2}-train`, way: create },
    ];
    for (const { into, name, way } of turn % 2 === 0 ? ways : ways.toReversed()) {
      const seconds = await timed(bench, kind, name, pods, way);
      if (turn > 0) into.push(seconds);
    }
    say(
      `${pods} pods as ${kind}: turn ${turn} of ${count}: ${ours.at(-1)?.toFixed(2)} and ${theirs.at(-1)?.toFixed(2)} s`,
    );
  }
  return { ours, theirs };
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
  while ((await workloads.read(...object)) !== undefined) await sleep(500);
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
    return () => promisify(execFile)(bench.kubectl, ['create', '-f', file], { env });
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
