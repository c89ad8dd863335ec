// `npm run test:k8s:deep`: the standard M2.7 profile in a cluster of 5,000 simulated nodes with 8 GPUs each, four fifths of them taken by
// others, partly under Kueue: how long it takes, how much memory the servers need, and every fault at that size.
//
// Nodes and pods are kwok's: no container runs. API server, etcd, controllers, scheduler, JobSet and Kueue are real.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobDocument, JobRunner, StopCause } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { Pod } from '../../k8s/cluster/objects.ts';
import type { Cluster } from '../../k8s/cluster/request.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import type { KubernetesRunnerOptions } from '../../k8s/runner/runner.ts';
import { setNode, TOPOLOGY_LABELS } from '../../k8s/testbed/gpu-nodes.ts';
import { type NodeWatch, watchNodes } from '../../k8s/watch/nodes.ts';
import { actionFor, codeOfStop } from '../../policies/retry.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  crowd,
  disperse,
  furnish,
  occupy,
  openEngines,
  openRunner,
  podsBy,
  TEAM,
  tell,
} from '../support/gpu-cluster.ts';
import { trainingJob } from '../support/training-job.ts';

const PARTS = ['kwok', 'jobset', 'lws', 'kueue'] as const;
const NODES = 5_000;
const RACK_NODES = 16;
/** Nodes that pods take of which no queue knows. */
const OCCUPIED = 3_200;
/** Gangs of a whole rack each, by the queue. */
const CROWDS = 50;
const GIB = 2 ** 30;
/** What the servers may need at most; a list without pages, or a watch that keeps everything, would show here. */
const MOST_BYTES = { 'kube-apiserver': 4 * GIB, etcd: 2 * GIB, kueue: 3 * GIB, jobset: GIB } as const;
const PATIENCE = { timeout: 400_000, interval: 1_000 };
const TIMEOUT = 900_000;

describe.skipIf(process.env.ANNEAL_K8S_DEEP !== '1' || !isBuilt(PARTS))('5,000 nodes', () => {
  let kube: TestCluster;
  let profile: ProfileSpec;
  let folder: string;
  let nodes: string[];
  let cluster: Cluster;
  let job: JobDocument;
  let runner: JobRunner;
  let count = 0;
  /** The policy servers' pods, as they were begun. */
  let served: Pod[] = [];
  let engines: () => Promise<Pod[]>;
  let watched: NodeWatch;
  const measured: [string, string][] = [];

  const state = () => runner.state(job.name);
  const pods = (attempt: number): Promise<Pod[]> =>
    podsBy(cluster, `anneal.dev/job=${job.name},anneal.dev/attempt=${attempt}`);
  const rackOf = (pod: Pod): number => Math.floor(Number(pod.spec.nodeName?.replace('gpu-', '')) / RACK_NODES);
  const running = async (attempt: number): Promise<Pod[]> => {
    const seen = async () => {
      const now = await state();
      // What it says of itself stands beside the pods, so that a failure says why.
      const said = now.phase === 'stopped' ? `${now.cause}: ${now.message}` : now.phase;
      return { said, phases: (await pods(attempt)).map((one) => one.status.phase) };
    };
    const phases = Array(profile.trainer.nodes).fill('Running');
    await expect.poll(seen, PATIENCE).toEqual({ said: 'running', phases });
    const placed = await pods(attempt);
    expect(new Set(placed.map(rackOf)).size).toBe(1);
    const avoided = new Set(watched.quarantined());
    expect(placed.filter((one) => avoided.has(one.spec.nodeName ?? ''))).toEqual([]);
    return placed;
  };
  const stops = async (cause: StopCause, action: 'retry' | 'gate'): Promise<void> => {
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause });
    const seen = await state();
    if (seen.phase !== 'stopped') throw new Error('it was stopped a moment ago');
    expect(actionFor(codeOfStop(seen.exitCode, seen.cause))).toBe(action);
  };
  const open = (changed: ProfileSpec = profile, over: Partial<KubernetesRunnerOptions> = {}): JobRunner =>
    openRunner(cluster, folder, changed, {
      windows: { overdueMs: 5_000 },
      quarantined: watched.quarantined,
      onStop: watched.noteStop,
      ...over,
    });
  const time = async <T>(what: string, task: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await task();
    measured.push([what, `${((performance.now() - began) / 1_000).toFixed(1)} s`]);
    return result;
  };

  beforeAll(async () => {
    kube = await time('all components', () => startTestCluster(PARTS, { heartbeatSeconds: 300 }));
    const plan = { count: NODES, nodesPerRack: RACK_NODES };
    // The machine is small for it: what is slow is not away.
    cluster = kube.client({ timeoutMs: 60_000, patienceMs: 180_000 });
    nodes = await time(`${NODES} nodes, kept by kwok`, () => furnish(kube.testbed, cluster, plan));
    const shipped = await loadProfile('minimax-m27-standard');
    profile = {
      ...shipped,
      trainer: { ...shipped.trainer, terminationGrace: '5s' },
      scheduling: { ...shipped.scheduling, topology: 'required', nodeLossSeconds: 2 },
    };
    folder = await mkdtemp(join(tmpdir(), 'anneal-deep-'));
    watched = await watchNodes({ cluster, store: createFolderStore(folder), name: 'default' });
    await time(`${NODES} nodes seen`, () => watched.synced(600_000));
  }, 1_200_000);
  afterAll(async () => {
    const width = Math.max(...measured.map(([what]) => what.length));
    console.log(measured.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join('\n'));
    await watched?.close();
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);
  beforeEach(() => {
    count += 1;
    job = trainingJob(`d${count}-r1-train`);
    runner = open();
  });
  afterEach(async () => {
    await runner.cancel(job.name, 60_000).catch(() => undefined);
  }, 120_000);

  it('others take 250 racks', async () => {
    await time(`${OCCUPIED} pods of others are there`, async () => {
      await occupy(cluster, nodes.slice(0, OCCUPIED));
    });
    await time(`${CROWDS} gangs of ${RACK_NODES} run`, async () => {
      for (let index = 0; index < CROWDS; index += 1) {
        const within = TOPOLOGY_LABELS.rack;
        await crowd(cluster, `other-${index}`, { nodes: RACK_NODES, priority: 'anneal-training', within });
      }
      for (const until = performance.now() + 1_200_000; (await runningOthers()) < CROWDS; await sleep(3_000)) {
        if (performance.now() > until) throw new Error(`${await runningOthers()} gangs run after 20 minutes`);
      }
    });
  }, 1_300_000);

  it(
    'eight servers of four GPUs each run on what is free',
    async () => {
      engines = await openEngines(cluster, profile);
      await time('from opening eight policy servers to all of them running', serve);
      served = await engines();
    },
    TIMEOUT,
  );

  it(
    '64 GPUs are admitted at once, into one rack',
    async () => {
      await time('from submit to all 8 pods running', async () => {
        await runner.submit(job);
        await running(1);
      });
      await time('one look at a job', () => state());
    },
    TIMEOUT,
  );

  it.each([
    ['42', 'exited', 'gate'],
    ['43', 'exited', 'gate'],
    ['85', 'exited', 'retry'],
    ['oom', 'out_of_memory', 'gate'],
    ['preempted', 'node_lost', 'retry'],
  ] as const)(
    'a pod ends with %s',
    async (end, cause, action) => {
      await runner.submit(job);
      const [first] = await running(1);
      await tell(cluster, [first!], { end });
      await stops(cause, action);
    },
    TIMEOUT,
  );

  it(
    'a pod is evicted',
    async () => {
      await runner.submit(job);
      const placed = await running(1);
      await tell(cluster, placed, { 'stop-code': '85', 'stop-after': '2s' });
      const { name } = placed[0]!.metadata;
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
      await cluster.ask({ method: 'POST', path: `/api/v1/namespaces/${TEAM}/pods/${name}/eviction`, body });
      await stops('evicted', 'retry');
    },
    TIMEOUT,
  );

  it('everything is asked for by something more urgent, and given back', async () => {
    await runner.submit(job);
    await tell(cluster, await running(1), { 'stop-code': '85', 'stop-after': '2s' });
    // All that is free, and the trainer's eight nodes: 64 GPUs must go, and the newest of equals go first.
    const free = NODES - OCCUPIED - CROWDS * RACK_NODES - new Set(served.map(({ spec }) => spec.nodeName)).size;
    await time('preempted by 1,000 nodes', async () => {
      await crowd(cluster, 'urgent', { nodes: free, priority: 'urgent' });
      await stops('preempted', 'retry');
    });
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: expect.stringContaining('queue') });
    await disperse(cluster, 'urgent');
    await time('and running again', () => running(2));
    await serve();
    expect((await engines()).map(({ metadata }) => metadata.uid)).toEqual(served.map(({ metadata }) => metadata.uid));
  }, 1_200_000);

  // Not asked after this: whether servers whose nodes were lost run again. Kueue 0.15 may pin several of them to one node that has no room for all
  // (kubernetes-sigs/kueue#14572, mended in later releases); docs/kubernetes.md says what to do.
  it(
    'a node is lost, and the next attempt is elsewhere',
    async () => {
      await runner.submit(job);
      const lost = (await running(1))[3]!.spec.nodeName!;
      await time('node lost: known', async () => {
        await setNode(kube.testbed, lost, 'down');
        await stops('node_lost', 'retry');
      });
      expect(watched.quarantined()).toContain(lost);
      await setNode(kube.testbed, lost, 'up');
      await runner.submit(job);
      await running(2);
    },
    TIMEOUT,
  );

  it(
    'a whole rack is lost',
    async () => {
      await runner.submit(job);
      const rack = rackOf((await running(1))[0]!);
      const lost = Array.from({ length: RACK_NODES }, (_, index) => `gpu-${rack * RACK_NODES + index}`);
      await Promise.all(lost.map((node) => setNode(kube.testbed, node, 'down')));
      await stops('node_lost', 'retry');
      expect(watched.quarantined()).toEqual(expect.arrayContaining(lost));
      await runner.submit(job);
      expect(rackOf((await running(2))[0]!)).not.toBe(rack);
      await Promise.all(lost.map((node) => setNode(kube.testbed, node, 'up')));
    },
    TIMEOUT,
  );

  it(
    'its image cannot be pulled',
    async () => {
      const trainer = { ...profile.trainer, image: 'testbed.invalid/trainer:1' };
      runner = open({ ...profile, trainer }, { windows: { imageMs: 3_000 } });
      await runner.submit(job);
      await stops('image', 'gate');
    },
    TIMEOUT,
  );

  it(
    'its image is slow',
    async () => {
      const trainer = { ...profile.trainer, image: 'testbed.slow/10s/trainer:1' };
      runner = open({ ...profile, trainer });
      await runner.submit(job);
      await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: 'its pods are starting' });
      await running(1);
    },
    TIMEOUT,
  );

  it(
    'it asks for more than any rack has',
    async () => {
      const trainer = { ...profile.trainer, nodes: RACK_NODES + 1 };
      runner = open({ ...profile, trainer }, { windows: { admissionMs: 15_000 } });
      await runner.submit(job);
      await expect.poll(state, PATIENCE).toMatchObject({ waiting: expect.stringContaining('topology') });
      await stops('not_admitted', 'gate');
    },
    TIMEOUT,
  );

  it.each(['kube-apiserver', 'kueue', 'jobset', 'kube-controller-manager', 'kube-scheduler'])(
    '%s is killed and comes back: nothing that runs is ended or begun twice',
    async (component) => {
      await runner.submit(job);
      const uids = (await running(1)).map((one) => one.metadata.uid).sort();
      await kube.testbed.kill(component);
      await sleep(10_000);
      await time(`${component} is back`, () => kube.testbed.start(component));
      await expect.poll(() => state().catch(() => undefined), PATIENCE).toMatchObject({ phase: 'running' });
      await runner.submit(job);
      await sleep(10_000);
      expect((await running(1)).map((one) => one.metadata.uid).sort()).toEqual(uids);
    },
    TIMEOUT,
  );

  it('the servers keep within their memory', () => {
    const peaks = kube.testbed.status().map(({ name, pid }) => [name, peakBytes(pid)] as const);
    for (const [name, bytes] of peaks) measured.push([`peak memory of ${name}`, `${(bytes / 2 ** 20).toFixed(0)} MiB`]);
    for (const [name, most] of Object.entries(MOST_BYTES)) {
      expect(peaks.find(([one]) => one === name)?.[1], name).toBeLessThan(most);
    }
  });

  async function serve(): Promise<void> {
    // What keeps one from running stands beside it, so that a failure says why.
    const phases = async () =>
      (await engines()).map(({ status: { phase, conditions } }) =>
        [phase, ...(phase === 'Running' ? [] : conditions.map(({ message }) => message))].join(' '),
      );
    await expect.poll(phases, PATIENCE).toEqual(Array(profile.rollout.engines).fill('Running'));
  }

  /** By what JobSet says of each gang: a few hundred objects, not thousands of pods. */
  async function runningOthers(): Promise<number> {
    const path = `/apis/jobset.x-k8s.io/v1alpha2/namespaces/${TEAM}/jobsets`;
    const { body } = await cluster.ask({ method: 'GET', path, query: { limit: 500 } });
    type Gang = { status?: { replicatedJobsStatus?: { ready: number }[] } };
    return (body as { items: Gang[] }).items.filter((one) => one.status?.replicatedJobsStatus?.[0]?.ready === 1).length;
  }
});

function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
