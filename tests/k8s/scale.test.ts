// The standard MiniMax-M2.7 profile, 64 + 32 GPUs, among simulated nodes that others use too, under Kueue: admitted whole or not at
// all, in one rack, taken away by something more urgent, begun again, and again elsewhere when a node is lost.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JobDocument, JobRunner } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type Pod, workload } from '../../k8s/cluster/objects.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { endOf } from '../../k8s/runner/observe.ts';
import { setNode, TOPOLOGY_LABELS } from '../../k8s/testbed/gpu-nodes.ts';
import { type NodeWatch, watchNodes } from '../../k8s/watch/nodes.ts';
import { actionFor, codeOfStop } from '../../policies/retry.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { crowd, disperse, furnish, openEngines, openRunner, podsBy, TEAM, tell } from '../support/gpu-cluster.ts';
import { trainingJob } from '../support/training-job.ts';

const PARTS = ['kwok', 'jobset', 'lws', 'kueue'] as const;
const RACKS = 3;
const NODES_PER_RACK = 16;
const RACK = TOPOLOGY_LABELS.rack;
const PATIENCE = { timeout: 60_000, interval: 250 };

describe.skipIf(!isBuilt(PARTS))('M2.7 on 96 GPUs among others', () => {
  let kube: TestCluster;
  let profile: ProfileSpec;
  let folder: string;
  let job: JobDocument;
  let runner: JobRunner;
  let nodes: NodeWatch;

  const state = () => runner.state(job.name);
  const pods = async (attempt: number): Promise<Pod[]> =>
    (await kube.pods(TEAM, job.name)).filter((one) => one.metadata.labels['anneal.dev/attempt'] === `${attempt}`);
  const rackOf = (pod: Pod): number => Math.floor(Number(pod.spec.nodeName?.replace('gpu-', '')) / NODES_PER_RACK);
  const running = async (attempt: number): Promise<Pod[]> => {
    const seen = async () => {
      const now = await state();
      // What it says of itself stands beside the pods, so that a failure says why.
      const said = now.phase === 'stopped' ? `${now.cause}: ${now.message}` : now.phase;
      return { said, phases: (await pods(attempt)).map((one) => one.status.phase) };
    };
    const phases = Array(profile.trainer.nodes).fill('Running');
    await expect.poll(seen, PATIENCE).toEqual({ said: 'running', phases });
    return pods(attempt);
  };

  beforeAll(async () => {
    kube = await startTestCluster(PARTS);
    const count = RACKS * NODES_PER_RACK;
    await furnish(kube.testbed, kube.cluster, { count, nodesPerRack: NODES_PER_RACK });
    const shipped = await loadProfile('minimax-m27-standard');
    // Shorter waits than a real cluster's; the shape is the shipped profile's.
    profile = {
      ...shipped,
      trainer: { ...shipped.trainer, terminationGrace: '4s' },
      scheduling: { ...shipped.scheduling, topology: 'required', nodeLossSeconds: 2 },
    };
    folder = await mkdtemp(join(tmpdir(), 'anneal-scale-'));
    job = trainingJob('m27-r1-train');
    const windows = { overdueMs: 3_000 };
    nodes = await watchNodes({ cluster: kube.cluster, store: createFolderStore(folder), name: 'default' });
    await nodes.synced();
    const { quarantined, noteStop: onStop } = nodes;
    runner = openRunner(kube.cluster, folder, profile, { windows, quarantined, onStop });
  }, 240_000);
  afterAll(async () => {
    await nodes?.close();
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('finds others there: ten nodes of each rack are taken, and 18 are free, but nowhere more than six together', async () => {
    for (let rack = 0; rack < RACKS; rack += 1) {
      await crowd(kube.cluster, `other-${rack}`, { nodes: 10, priority: 'anneal-training', within: RACK });
    }
    const others = async () => (await podsBy(kube.cluster, 'crowd')).filter((one) => one.status.phase === 'Running');
    await expect.poll(async () => (await others()).length, PATIENCE).toBe(30);
    expect([...Map.groupBy(await others(), rackOf).values()].map((group) => group.length)).toEqual([10, 10, 10]);
  }, 90_000);

  it('eight servers of four GPUs each lie on the free nodes', async () => {
    const servers = await openEngines(kube.cluster, profile);
    await expect
      .poll(async () => (await servers()).map((one) => one.status.phase), PATIENCE)
      .toEqual(Array(8).fill('Running'));
    const byNode = Map.groupBy(await servers(), (one) => one.spec.nodeName);
    expect([...byNode.values()].every((group) => group.length <= 2)).toBe(true);
  }, 90_000);

  it('the trainer waits as a whole while no rack has room for all of it, and says for what', async () => {
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'running',
      waiting: expect.stringMatching(/^the queue has not admitted it: .*topology.*out of 8 pod/),
    });
    // 72 GPUs and more are free, and yet not one of its pods is there.
    for (let look = 0; look < 10; look += 1) {
      expect(await pods(1)).toEqual([]);
      await sleep(200);
    }
    expect((await state()).phase).toBe('running');
  }, 90_000);

  it('and is admitted as a whole, into one rack, as soon as one has room', async () => {
    await disperse(kube.cluster, 'other-1');
    const placed = await running(1);
    expect(new Set(placed.map(rackOf)).size).toBe(1);
    expect(new Set(placed.map((one) => one.spec.nodeName)).size).toBe(8);
    expect(await state()).not.toHaveProperty('waiting');
    expect(await admittedPods(1)).toBe(8);
  }, 90_000);

  it('gives way to what is more urgent, once its checkpoint is saved, and is begun again as the next attempt', async () => {
    const store = createFolderStore(folder);
    await store.createNamed(`jobs/${job.name}/metrics/000001`, `${JSON.stringify({ ...METRICS, step: 2 })}\n`);
    const before = await pods(1);
    await tell(kube.cluster, before, { 'stop-code': '85', 'stop-after': '3s' });
    await crowd(kube.cluster, 'urgent', { nodes: 12, priority: 'urgent', within: RACK });
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'running',
      waiting: expect.stringMatching(/taken its place away \(Preempted: .*8 of its pods are still ending/),
    });
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause: 'preempted' });
    expect(actionFor(codeOfStop(137, 'preempted'))).toBe('retry');

    // What the workflow does next. The old object is removed, so that Kueue cannot start it beside its successor.
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: expect.stringContaining('queue') });
    expect(await alive()).toEqual([`${job.name}-a2`]);
    await disperse(kube.cluster, 'urgent');
    const placed = await running(2);
    expect(new Set(placed.map(rackOf)).size).toBe(1);
    // How far the store says that it was is told of the next attempt too; that a trainer goes on from there is trainer-pod.test.ts's.
    expect(await state()).toMatchObject({ phase: 'running', step: 2 });
    expect(await alive()).toEqual([`${job.name}-a2`]);
  }, 150_000);

  it('loses a node, keeps away from it even when it is back, and begins again elsewhere', async () => {
    const lost = (await pods(2))[3]!.spec.nodeName!;
    await setNode(kube.testbed, lost, 'down');
    await expect.poll(state, { ...PATIENCE, timeout: 90_000 }).toMatchObject({ phase: 'stopped', cause: 'node_lost' });
    expect(actionFor(codeOfStop(137, 'node_lost'))).toBe('retry');
    await setNode(kube.testbed, lost, 'up');
    expect(nodes.entries().map(({ node, reason }) => `${node} ${reason}`)).toContain(`${lost} node_lost`);
    await runner.submit(job);
    const placed = await running(3);
    expect(placed.map((one) => one.spec.nodeName)).not.toContain(lost);
    expect(new Set(placed.map(rackOf)).size).toBe(1);
  }, 180_000);

  it('is killed for lack of memory on one of eight nodes, which a human has to see', async () => {
    const [, , victim] = await pods(3);
    await tell(kube.cluster, [victim!], { end: 'oom' });
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause: 'out_of_memory' });
    expect(actionFor(codeOfStop(137, 'out_of_memory'))).toBe('gate');
  }, 90_000);

  /** Its attempts that have not ended and are not about to go. */
  async function alive(): Promise<string[]> {
    const path = `/apis/jobset.x-k8s.io/v1alpha2/namespaces/${TEAM}/jobsets`;
    const query = { labelSelector: `anneal.dev/job=${job.name}` };
    const { body } = await kube.cluster.ask({ method: 'GET', path, query });
    const items = z.object({ items: z.array(workload) }).parse(body).items;
    const lives = items.filter((one) => endOf(one) === undefined && one.metadata.deletionTimestamp === undefined);
    return lives.map((one) => one.metadata.name);
  }

  /** How many pods Kueue has admitted at once. */
  async function admittedPods(attempt: number): Promise<number | undefined> {
    const path = `/apis/kueue.x-k8s.io/v1beta2/namespaces/${TEAM}/workloads`;
    const { body } = await kube.cluster.ask({ method: 'GET', path });
    type Entry = {
      metadata: { ownerReferences?: { name: string }[] };
      status: { admission?: { podSetAssignments: { count: number }[] } };
    };
    const own = (body as { items: Entry[] }).items.find((one) =>
      one.metadata.ownerReferences?.some(({ name }) => name === `${job.name}-a${attempt}`),
    );
    return own?.status.admission?.podSetAssignments[0]?.count;
  }
});

const METRICS = {
  loss: 1,
  kl: 0,
  entropy: 1,
  clipFraction: 0,
  gradNorm: 1,
  meanRatio: 1,
  stalenessMin: 0,
  stalenessMax: 0,
  samples: 1,
  tokens: 1,
  seconds: 1,
};
