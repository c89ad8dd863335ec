// Everything that ends a job on a cluster, done to it, and what is made of each. The nodes and pods are simulated (kwok); API server,
// controllers and scheduler are real, and so is whatever they say of the pods.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobDocument, JobRunner, StopCause } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { Pod } from '../../k8s/cluster/objects.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import type { KubernetesRunnerOptions } from '../../k8s/runner/runner.ts';
import { setNode } from '../../k8s/testbed/gpu-nodes.ts';
import { actionFor, codeOfStop } from '../../policies/retry.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { furnish, openRunner, TEAM, tell } from '../support/gpu-cluster.ts';
import { trainingJob } from '../support/training-job.ts';

const PARTS = ['kwok', 'jobset'] as const;
const PATIENCE = { timeout: 60_000, interval: 200 };

describe.skipIf(!isBuilt(PARTS))('a job of two nodes', () => {
  let kube: TestCluster;
  let profile: ProfileSpec;
  let folder: string;
  let count = 0;
  let job: JobDocument;
  let runner: JobRunner;
  const quarantine: string[] = [];

  const open = (changed: ProfileSpec = profile, over: Partial<KubernetesRunnerOptions> = {}): JobRunner =>
    openRunner(kube.cluster, folder, changed, {
      windows: { overdueMs: 2_000 },
      quarantined: () => quarantine,
      ...over,
    });
  const withTrainer = (trainer: Partial<ProfileSpec['trainer']>): ProfileSpec => ({
    ...profile,
    trainer: { ...profile.trainer, ...trainer },
  });
  const state = () => runner.state(job.name);
  const pods = async (attempt = 1): Promise<Pod[]> =>
    (await kube.pods(TEAM, job.name)).filter((one) => one.metadata.labels['anneal.dev/attempt'] === `${attempt}`);
  const running = async (attempt = 1): Promise<[Pod, Pod]> => {
    await expect
      .poll(async () => (await pods(attempt)).map((one) => one.status.phase), PATIENCE)
      .toEqual(['Running', 'Running']);
    return (await pods(attempt)) as [Pod, Pod];
  };
  const stops = async (cause: StopCause, action: 'retry' | 'gate', more: object = {}): Promise<void> => {
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause, ...more });
    const seen = await state();
    if (seen.phase !== 'stopped') throw new Error('it was stopped a moment ago');
    expect(actionFor(codeOfStop(seen.exitCode, seen.cause))).toBe(action);
  };

  beforeAll(async () => {
    kube = await startTestCluster(PARTS);
    await furnish(kube.testbed, kube.cluster, { count: 4 }, false);
    const shipped = await loadProfile('minimax-m27-standard');
    const { queue: _, ...scheduling } = shipped.scheduling;
    profile = {
      ...shipped,
      trainer: { ...shipped.trainer, nodes: 2, terminationGrace: '2s' },
      scheduling: { ...scheduling, nodeLossSeconds: 2 },
    };
    folder = await mkdtemp(join(tmpdir(), 'anneal-faults-'));
  }, 180_000);
  afterAll(async () => {
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    count += 1;
    job = trainingJob(`c${count}-r1-train`);
    runner = open();
  });
  afterEach(async () => {
    await runner.cancel(job.name, 20_000);
  });

  it.each([
    ['42', 'job.configuration', 'gate'],
    ['43', 'job.accelerator', 'gate'],
    ['85', 'job.interrupted', 'retry'],
  ] as const)('exits with %s on one of them: %s', async (code, name, action) => {
    await runner.submit(job);
    const [, second] = await running();
    await tell(kube.cluster, [second], { end: code });
    await stops('exited', action, { exitCode: Number(code) });
    expect(codeOfStop(Number(code), 'exited')).toBe(name);
  });

  it('is OOMKilled on one of them', async () => {
    await runner.submit(job);
    const [first] = await running();
    await tell(kube.cluster, [first], { end: 'oom' });
    await stops('out_of_memory', 'gate', { message: `${first.metadata.name} was killed for lack of memory` });
  });

  it('is evicted from one of them', async () => {
    await runner.submit(job);
    const [first, second] = await running();
    await tell(kube.cluster, [first, second], { 'stop-code': '85' });
    const { name } = first.metadata;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
    await kube.cluster.ask({ method: 'POST', path: `/api/v1/namespaces/${TEAM}/pods/${name}/eviction`, body });
    await stops('evicted', 'retry');
  });

  it('makes room for a pod of higher priority', async () => {
    await runner.submit(job);
    const [first] = await running();
    const other = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'urgent' },
      spec: {
        priorityClassName: 'urgent',
        nodeName: undefined,
        nodeSelector: { 'kubernetes.io/hostname': first.spec.nodeName },
        containers: [{ name: 'main', image: 'nowhere/urgent:1', resources: { limits: { 'nvidia.com/gpu': 8 } } }],
      },
    };
    await kube.cluster.ask({ method: 'POST', path: `/api/v1/namespaces/${TEAM}/pods`, body: other });
    await stops('preempted', 'retry');
    await kube.cluster.ask({ method: 'DELETE', path: `/api/v1/namespaces/${TEAM}/pods/urgent` });
  });

  it('is on a node that is shut down', async () => {
    await runner.submit(job);
    const [first] = await running();
    await tell(kube.cluster, [first], { end: 'preempted' });
    await stops('node_lost', 'retry');
  });

  it('has an image that cannot be pulled, says so, and then asks a human', async () => {
    runner = open(withTrainer({ image: 'testbed.invalid/trainer:1' }), { windows: { imageMs: 3_000 } });
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: 'ImagePullBackOff' });
    await stops('image', 'gate');
  });

  it('fits on no node, says why, and then asks a human', async () => {
    runner = open(withTrainer({ gpusPerNode: 16 }), { windows: { scheduleMs: 3_000 } });
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'running',
      waiting: expect.stringContaining('Insufficient nvidia.com/gpu'),
    });
    await stops('unschedulable', 'gate');
  });

  it('starts slowly, and is called waiting, not stopped, meanwhile', async () => {
    runner = open(withTrainer({ image: 'testbed.slow/5s/trainer:1' }));
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: 'its pods are starting' });
    await running();
    expect(await state()).not.toHaveProperty('waiting');
  });

  it('loses a node that never answers again: no word of its pod ever comes, and the next attempt does not wait for it', async () => {
    await runner.submit(job);
    const [first] = await running();
    const node = first.spec.nodeName!;
    await setNode(kube.testbed, node, 'down');
    await stops('node_lost', 'retry');
    quarantine.push(node);
    await runner.submit(job);
    const second = await running(2);
    expect(second.map((one) => one.spec.nodeName)).not.toContain(node);
    // The old pod is still shown, as it was.
    expect((await pods(1)).map((one) => one.spec.nodeName)).toEqual([node]);
    // Back again, its pod ends; the node stays in quarantine until somebody takes it off the list.
    await setNode(kube.testbed, node, 'up');
    await expect.poll(() => pods(1), PATIENCE).toEqual([]);
    quarantine.length = 0;
  }, 120_000);

  it('waits in a queue of a cluster without queues: refused before anything is created', async () => {
    runner = open({ ...profile, scheduling: { ...profile.scheduling, queue: 'gpu' } });
    await expect(runner.submit(job)).rejects.toEqual(expect.objectContaining({ code: 'cluster.missing_crd' }));
    const path = `/api/v1/namespaces/${TEAM}/configmaps/anneal-c${count}`;
    expect((await kube.cluster.ask({ method: 'GET', path }, [404])).status).toBe(404);
  });
});
