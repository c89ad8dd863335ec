// What the runner makes of a queue's words: of a real Kueue over simulated nodes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import type { JobDocument, JobRunner } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { createWorkloads, pathOf } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { engineSet } from '../../k8s/manifests/leader-worker-set.ts';
import { ensureOwner } from '../../k8s/owner.ts';
import { actionFor, codeOfStop } from '../../policies/retry.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { crowd, disperse, furnish, openRunner, podsBy, QUEUE_NAME, TEAM } from '../support/gpu-cluster.ts';
import { trainingJob } from '../support/training-job.ts';

const PARTS = ['kwok', 'jobset', 'lws', 'kueue'] as const;
const PATIENCE = { timeout: 45_000, interval: 200 };
const KUEUE = '/apis/kueue.x-k8s.io/v1beta2';
const QUEUE_PATH = `${KUEUE}/namespaces/${TEAM}/localqueues/${QUEUE_NAME}`;

interface Entry {
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { readonly name: string }[] };
  readonly status?: { readonly admission?: object; readonly conditions?: readonly object[] };
}

describe.skipIf(!isBuilt(PARTS))('a job in a queue of Kueue', () => {
  let kube: TestCluster;
  let profile: ProfileSpec;
  let folder: string;
  let count = 0;
  let job: JobDocument;
  let runner: JobRunner;

  const state = () => runner.state(job.name);
  const phases = async () => (await kube.pods(TEAM, job.name)).map((one) => one.status.phase);
  const phasesOf = async (selector: string) => (await podsBy(kube.cluster, selector)).map((one) => one.status.phase);
  const entries = async (): Promise<Entry[]> => {
    const { body } = await kube.cluster.ask({ method: 'GET', path: `${KUEUE}/namespaces/${TEAM}/workloads` });
    return (body as { items: Entry[] }).items;
  };
  const entryOf = async (owner: string): Promise<Entry | undefined> =>
    (await entries()).find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === owner));
  const merge = (path: string, body: object) =>
    kube.cluster.ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });

  beforeAll(async () => {
    kube = await startTestCluster(PARTS);
    await furnish(kube.testbed, kube.cluster, { count: 2 });
    const shipped = await loadProfile('minimax-m27-standard');
    profile = { ...shipped, trainer: { ...shipped.trainer, nodes: 2, terminationGrace: '2s' } };
    folder = await mkdtemp(join(tmpdir(), 'anneal-kueue-'));
  }, 180_000);
  afterAll(async () => {
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    count += 1;
    job = trainingJob(`q${count}-r1-train`);
    runner = openRunner(kube.cluster, folder, profile);
  });
  afterEach(async () => {
    await runner.cancel(job.name, 20_000);
  });

  it('that does not exist is refused before anything is created', async () => {
    runner = openRunner(kube.cluster, folder, { ...profile, scheduling: { ...profile.scheduling, queue: 'gpuu' } });
    await expect(runner.submit(job)).rejects.toMatchObject({
      code: 'cluster.not_found',
      message: expect.stringContaining('there is no LocalQueue gpuu in the namespace team-a'),
    });
    expect((await kube.cluster.ask({ method: 'GET', path: ownerPath() }, [404])).status).toBe(404);
    expect(await state()).toEqual({ phase: 'absent' });
  });

  it('that is closed says so, is for a human after its window, and starts it when it opens', async () => {
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'Hold' } });
    runner = openRunner(kube.cluster, folder, profile, { windows: { admissionMs: 8_000 } });
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'running',
      waiting: expect.stringMatching(/the queue has not admitted it: LocalQueue gpu is (inactive|stopped)/),
    });
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause: 'not_admitted' });
    expect(actionFor(codeOfStop(137, 'not_admitted'))).toBe('gate');
    expect(await phases()).toEqual([]);
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'None' } });
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    expect(await state()).toMatchObject({ phase: 'running' });
  });

  it('that is drained takes its place away: the next attempt waits until it opens', async () => {
    await runner.submit(job);
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'HoldAndDrain' } });
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'stopped',
      cause: 'evicted',
      message: expect.stringContaining('LocalQueueStopped'),
    });
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running', waiting: expect.stringContaining('queue') });
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'None' } });
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    expect((await attempts()).at(-1)).toBe(`${job.name}-a2`);
  });

  it('and deactivated by an administrator is for a human', async () => {
    await runner.submit(job);
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    const entry = await entryOf(`${job.name}-a1`);
    await merge(`${KUEUE}/namespaces/${TEAM}/workloads/${entry?.metadata.name}`, { spec: { active: false } });
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause: 'not_admitted' });
  });

  it('which would start it again while nobody looks does so as the same attempt or not at all: one runs', async () => {
    await runner.submit(job);
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'HoldAndDrain' } });
    await expect.poll(phases, PATIENCE).toEqual([]);
    await merge(QUEUE_PATH, { spec: { stopPolicy: 'None' } });
    await sleep(5_000);
    // Mostly the Job has failed by the exit codes that its pods ended with, and is over for Kueue too.
    const seen = await state();
    const over = seen.phase === 'stopped';
    if (over) expect(actionFor(codeOfStop(seen.exitCode, seen.cause))).toBe('retry');
    await runner.submit(job);
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    expect((await attempts()).at(-1)).toBe(`${job.name}-${over ? 'a2' : 'a1'}`);
  });

  it('whose quota a dead eviction keeps is told who holds it; an own one gives it back with the next attempt', async () => {
    runner = openRunner(kube.cluster, folder, profile, { windows: { evictionMs: 4_000 } });
    await crowd(kube.cluster, 'holder', { nodes: 2, priority: 'batch' });
    await expect.poll(() => isActive('holder'), PATIENCE).toBe(true);
    // Kueue #14811: a JobSet's status says for ever that a Job of it is active, so that Kueue never takes the quota back.
    await endJobSet();
    await runner.submit(job);
    await expect.poll(state, PATIENCE).toMatchObject({ waiting: expect.stringContaining('preemption') });
    await suspendJob('holder-w-0');
    await expect.poll(() => phasesOf('crowd=holder'), PATIENCE).toEqual([]);
    await expect.poll(state, PATIENCE).toMatchObject({
      phase: 'running',
      waiting: expect.stringMatching(
        /stuck quota: jobset-holder-\w+ was evicted .* \(Preempted\) and still holds its share/,
      ),
    });
    await kube.testbed.start('jobset');
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    await disperse(kube.cluster, 'holder');

    await expect.poll(() => isActive(`${job.name}-a1`), PATIENCE).toBe(true);
    await endJobSet();
    await crowd(kube.cluster, 'urgent', { nodes: 2, priority: 'urgent' });
    await expect
      .poll(state, PATIENCE)
      .toMatchObject({ waiting: expect.stringContaining('2 of its pods are still ending') });
    await suspendJob(`${job.name}-a1-w-0`);
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'stopped', cause: 'stuck_quota' });
    expect(actionFor(codeOfStop(137, 'stuck_quota'))).toBe('retry');
    await runner.submit(job);
    // The quota went to the one for whom it was taken, though the JobSet controller is still away.
    await expect.poll(async () => (await entryOf('urgent'))?.status?.admission, PATIENCE).toBeDefined();
    expect(await state()).toMatchObject({ phase: 'running', waiting: expect.stringContaining('queue') });
    await kube.testbed.start('jobset');
    await disperse(kube.cluster, 'urgent');
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    expect((await attempts()).at(-1)).toBe(`${job.name}-a2`);
  }, 180_000);

  it('is not ended because Kueue is away', async () => {
    await runner.submit(job);
    await expect.poll(phases, PATIENCE).toEqual(['Running', 'Running']);
    await kube.testbed.kill('kueue');
    for (let look = 0; look < 3; look += 1) {
      const began = performance.now();
      expect(await state()).toMatchObject({ phase: 'running' });
      expect(performance.now() - began).toBeLessThan(10_000);
    }
    await kube.testbed.start('kueue');
    await expect.poll(state, PATIENCE).toMatchObject({ phase: 'running' });
    expect(await phases()).toEqual(['Running', 'Running']);
    expect(await attempts()).toEqual([`${job.name}-a1`]);
  });

  it('admits a server over two nodes as one, and a rank that ends takes the others with it', async () => {
    const shape = { engines: 1, gpusPerEngine: 16, multiNode: true, parallel: { tensor: 8, data: 2, expert: true } };
    const rollout = { ...profile.rollout, ...shape, terminationGrace: '1s' };
    const owner = await ensureOwner(
      createWorkloads(kube.cluster),
      TEAM,
      campaignName.parse('served'),
      's3://anneal/test',
    );
    const request = { namespace: TEAM, campaign: 'served', profile: { ...profile, rollout }, owner, avoid: [] };
    const set = engineSet({ ...request, store: { address: 's3://anneal/test' }, tokenSecret: 'anneal-policy' });
    await kube.cluster.ask({ method: 'POST', path: pathOf('LeaderWorkerSet', TEAM), body: set });
    const served = () => podsBy(kube.cluster, 'anneal.dev/campaign=served');
    const whole = async () => (await served()).map((one) => [one.metadata.name, one.status.phase]).sort();
    const running = [
      ['served-policy-0', 'Running'],
      ['served-policy-0-1', 'Running'],
    ];
    await expect.poll(whole, PATIENCE).toEqual(running);
    const before = await served();
    expect(new Set(before.map((one) => one.spec.nodeName)).size).toBe(2);
    const rank = before.find((one) => one.metadata.name === 'served-policy-0-1')!;
    await kube.cluster.ask({ method: 'DELETE', path: `${pathOf('Pod', TEAM)}/${rank.metadata.name}` });
    const uids = async () => (await served()).map((one) => one.metadata.uid);
    await expect
      .poll(async () => (await uids()).some((uid) => before.some((one) => one.metadata.uid === uid)), PATIENCE)
      .toBe(false);
    await expect.poll(whole, PATIENCE).toEqual(running);
    await createWorkloads(kube.cluster).remove('LeaderWorkerSet', TEAM, 'served-policy');
    await expect.poll(served, PATIENCE).toEqual([]);
  }, 120_000);

  const ownerPath = (): string => `/api/v1/namespaces/${TEAM}/configmaps/anneal-q${count}`;

  async function attempts(): Promise<string[]> {
    const path = `/apis/jobset.x-k8s.io/v1alpha2/namespaces/${TEAM}/jobsets`;
    const query = { labelSelector: `anneal.dev/job=${job.name}` };
    const { body } = await kube.cluster.ask({ method: 'GET', path, query });
    return (body as { items: { metadata: { name: string } }[] }).items.map((one) => one.metadata.name);
  }

  /** By the JobSet's status, which Kueue goes by: its pods are there before its controller has said so. */
  async function isActive(name: string): Promise<boolean> {
    const { body } = await kube.cluster.ask({ method: 'GET', path: `${pathOf('JobSet', TEAM)}/${name}` });
    const { status } = body as { status?: { replicatedJobsStatus?: readonly { active?: number }[] } };
    return status?.replicatedJobsStatus?.some(({ active = 0 }) => active > 0) ?? false;
  }

  /** Its webhooks too: what nobody answers lets nothing of its kinds be changed. They come back when it does. */
  async function endJobSet(): Promise<void> {
    await kube.testbed.kill('jobset');
    for (const kind of ['mutating', 'validating']) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/jobset`;
      await kube.cluster.ask({ method: 'DELETE', path });
    }
  }

  /** What the JobSet controller would do. */
  const suspendJob = (name: string) =>
    merge(`/apis/batch/v1/namespaces/${TEAM}/jobs/${name}`, { spec: { suspend: true } });
});
