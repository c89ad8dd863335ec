// The runner against a real API server and its controllers. What kubelets would report is written by the tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { sha256 } from '../../contracts/ids.ts';
import type { JobDocument, JobRunner } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { signalProcess } from '../../infra/process/identity.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { createPodWatch, type PodWatch } from '../../k8s/runner/pod-watch.ts';
import { createKubernetesJobRunner, type KubernetesRunnerOptions } from '../../k8s/runner/runner.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { allProcesses } from '../support/processes.ts';
import { trainingJob } from '../support/training-job.ts';

const NAMESPACE = 'team-a';
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe.skipIf(!isBuilt([]))('jobs on Kubernetes', () => {
  let kube: TestCluster;
  let profile: ProfileSpec;
  let folder: string;
  let store: ArtifactStore;
  let runner: JobRunner;
  let count = 0;
  let job: JobDocument;
  /** As a worker has it. */
  let watch: PodWatch;

  const open = (over: Partial<KubernetesRunnerOptions> = {}): JobRunner =>
    createKubernetesJobRunner({
      cluster: kube.client({ patienceMs: 3_000, timeoutMs: 2_000 }),
      store,
      access: { address: 's3://anneal/test', secret: 'store' },
      namespace: NAMESPACE,
      profileOf: async () => profile,
      workload: 'job',
      watch,
      ...over,
    });
  const jobs = async (): Promise<string[]> => {
    const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
    const { body } = await kube.cluster.ask({
      method: 'GET',
      path,
      query: { labelSelector: `anneal.dev/job=${job.name}` },
    });
    return (body as { items: { metadata: { name: string } }[] }).items.map((one) => one.metadata.name).sort();
  };
  const onlyPod = async () => {
    // After the API server was away, the controllers may wait for half a minute before they ask it again.
    await expect.poll(() => kube.pods(NAMESPACE, job.name), { timeout: 60_000 }).not.toHaveLength(0);
    return (await kube.pods(NAMESPACE, job.name)).at(-1)!;
  };
  const running = { phase: 'Running', containerStatuses: [container({ running: {} })] };
  const failed = (exitCode: number, reason = 'Error', more: object = {}) => ({
    phase: 'Failed',
    containerStatuses: [container({ terminated: { exitCode, reason, message: 'its last words' } })],
    ...more,
  });
  const state = () => runner.state(job.name);

  beforeAll(async () => {
    kube = await startTestCluster();
    await kube.namespace(NAMESPACE);
    profile = await loadProfile('cpu');
    folder = await mkdtemp(join(tmpdir(), 'anneal-runner-'));
    watch = createPodWatch({ cluster: kube.cluster, namespace: NAMESPACE });
  }, 180_000);
  afterAll(async () => {
    await watch?.close();
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    count += 1;
    store = createFolderStore(join(folder, `store-${count}`));
    job = trainingJob(`c${count}-r1-train`);
    runner = open();
  });
  afterEach(() => runner.cancel(job.name, 0).catch(() => undefined));

  it('is absent, runs once however often it is submitted, and is done when its result is in the store', async () => {
    expect(await state()).toEqual({ phase: 'absent' });
    await Promise.all([runner.submit(job), open().submit(job), open().submit(job)]);
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a1`]);
    await kube.report(await onlyPod(), running);
    expect(await state()).toMatchObject({ phase: 'running', step: undefined });

    const metrics = [1, 2].map((step) => JSON.stringify({ ...METRICS, step })).join('\n');
    await store.createNamed(`jobs/${job.name}/metrics/000001`, `${metrics}\n`);
    expect(await state()).toMatchObject({ phase: 'running', step: 2 });

    const adapter = await store.put('adapter');
    const output = (path: string) => ({ path, sha256: adapter.sha256, bytes: adapter.bytes });
    const outputs = { adapter: output('adapter'), adapterGguf: output('gguf'), optimizer: output('optimizer') };
    await store.createNamed(
      `jobs/${job.name}/result`,
      JSON.stringify({ ...RESULT, name: job.name, specHash: job.specHash, outputs }),
    );
    expect(await state()).toMatchObject({ phase: 'done', metrics: [{ step: 1 }, { step: 2 }] });
    expect(await runner.output(job.name, 'adapter')).toEqual(adapter);
    expect(await store.has(await runner.output(job.name, 'result.json'))).toBe(true);
    await expect(runner.output(job.name, 'other')).rejects.toEqual(code('job.failed'));
    // Even when the cluster has forgotten it.
    await runner.cancel(job.name, 5_000);
    await runner.submit(job);
    expect(await jobs()).toEqual([]);
    expect(await state()).toMatchObject({ phase: 'done' });
  });

  it('refuses another specification under the same name', async () => {
    await runner.submit(job);
    await expect(runner.submit(trainingJob(job.name, { specHash: sha256.parse('b'.repeat(64)) }))).rejects.toEqual(
      code('job.conflict'),
    );
    expect(await jobs()).toEqual([`${job.name}-a1`]);
  });

  it.each([
    ['its own exit code', failed(42), { exitCode: 42, cause: 'exited', message: 'its last words' }],
    ['lack of memory', failed(137, 'OOMKilled'), { exitCode: 137, cause: 'out_of_memory' }],
    [
      'preemption, after a checkpoint',
      failed(85, 'Error', { conditions: [disruption('PreemptionByScheduler')] }),
      { exitCode: 85, cause: 'preempted' },
    ],
    [
      'the loss of its node',
      { phase: 'Failed', conditions: [disruption('DeletionByTaintManager')] },
      { exitCode: 137, cause: 'node_lost' },
    ],
  ])('stops by %s, and a second submission is a second attempt', async (_, status, expected) => {
    await runner.submit(job);
    await kube.report(await onlyPod(), status);
    await expect.poll(state, { timeout: 20_000 }).toMatchObject({ phase: 'stopped', ...expected });
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a1`, `${job.name}-a2`]);
    expect((await state()).phase).toBe('running');
  });

  const says = (told: object) => ({
    phase: 'Failed',
    containerStatuses: [
      container({ terminated: { exitCode: 43, reason: 'Error', message: JSON.stringify({ ...told, problems: [] }) } }),
    ],
  });

  it.each([
    ['the kernel killed it', failed(137, 'OOMKilled'), 4],
    ['a GPU had none left', says({ code: 'out_of_memory', message: 'a GPU ran out of memory' }), 0],
  ])(
    'computes in smaller pieces after lack of memory, twice, then asks a human: %s',
    async (_, status, told) => {
      const blamed: string[] = [];
      const onStop = async ({ attempt }: { attempt: string }) => void blamed.push(attempt);
      runner = open({ onStop });
      const outcomes: unknown[] = [];
      for (const attempt of [1, 2, 3, 4]) {
        await runner.submit(job);
        await expect.poll(async () => (await kube.pods(NAMESPACE, job.name)).length).toBe(attempt);
        const pod = (await kube.pods(NAMESPACE, job.name)).find(
          (one) => one.metadata.labels?.['anneal.dev/attempt'] === `${attempt}`,
        )!;
        await kube.report(pod, status);
        // A worker that took over knows no more than the store and the cluster do.
        runner = open({ onStop });
        await expect.poll(state, { timeout: 20_000 }).toMatchObject({ phase: 'stopped', cause: 'out_of_memory' });
        const now = await state();
        outcomes.push([await piecesOf(attempt), now.phase === 'stopped' && (now.smallerNext ?? false)]);
      }
      expect(outcomes).toEqual([
        [undefined, true],
        ['2', true],
        ['4', false],
        ['4', false],
      ]);
      // What a GPU lacks says nothing against its node.
      expect(new Set(blamed).size).toBe(told);
    },
    120_000,
  );

  async function piecesOf(attempt: number): Promise<string | undefined> {
    const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${job.name}-a${attempt}`;
    const { body } = await kube.cluster.ask({ method: 'GET', path });
    const { containers } = (
      body as { spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } } }
    ).spec.template.spec;
    return containers[0]!.env.find((one) => one.name === 'ANNEAL_PIECES')?.value;
  }

  it('waits for an image, then says so, and begins anew only when the old pod is gone', async () => {
    runner = open({ windows: { imageMs: 2_000, scheduleMs: 600_000, admissionMs: 600_000 } });
    await runner.submit(job);
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    await kube.report(await onlyPod(), { phase: 'Pending', containerStatuses: [container({ waiting })] });
    expect((await state()).phase).toBe('running');
    await expect.poll(state, { timeout: 10_000 }).toMatchObject({ phase: 'stopped', cause: 'image' });
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a2`]);
  });

  it('begins one next attempt for two workers that waited for the same pod to end', async () => {
    const windows = { imageMs: 500, scheduleMs: 600_000, admissionMs: 600_000 };
    runner = open({ windows });
    await runner.submit(job);
    const { metadata } = await onlyPod();
    const hold = (finalizers: readonly string[]) =>
      kube.cluster.ask({
        method: 'PATCH',
        path: `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}`,
        body: { metadata: { finalizers } },
        contentType: 'application/merge-patch+json',
      });
    await hold(['anneal.dev/held']);
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    await kube.report(await onlyPod(), { phase: 'Pending', containerStatuses: [container({ waiting })] });
    await expect.poll(state, { timeout: 10_000 }).toMatchObject({ phase: 'stopped', cause: 'image' });
    const both = [runner.submit(job), sleep(500).then(() => open({ windows }).submit(job))];
    await sleep(1_500);
    await hold([]);
    await Promise.all(both);
    expect((await jobs()).filter((name) => !name.endsWith('-a1'))).toEqual([`${job.name}-a2`]);
  }, 60_000);

  it('takes an attempt that somebody removed for interrupted', async () => {
    await runner.submit(job);
    await runner.cancel(job.name, 10_000);
    expect(await state()).toMatchObject({ phase: 'stopped', cause: 'vanished' });
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a2`]);
  });

  it('calls an attempt stopped that is deleted and still shown, and begins no other beside it', async () => {
    await runner.submit(job);
    const object = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${job.name}-a1`;
    const contentType = 'application/merge-patch+json';
    const hold = (finalizers: readonly string[]) =>
      kube.cluster.ask({ method: 'PATCH', path: object, body: { metadata: { finalizers } }, contentType });
    await onlyPod();
    await hold(['anneal.dev/held']);
    await kube.cluster.ask({ method: 'DELETE', path: object, body: { propagationPolicy: 'Foreground' } });
    await expect.poll(state).toMatchObject({ phase: 'stopped', cause: 'vanished' });
    let isBegun = false;
    const next = runner.submit(job).then(() => (isBegun = true));
    await sleep(2_500);
    expect([isBegun, await jobs()]).toEqual([false, [`${job.name}-a1`]]);
    await hold([]);
    await next;
    expect(await jobs()).toEqual([`${job.name}-a2`]);
  }, 60_000);

  it('waits for the pods of an attempt whose object somebody removed', async () => {
    await runner.submit(job);
    const { metadata } = await onlyPod();
    const pod = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}`;
    const hold = (finalizers: readonly string[]) =>
      kube.cluster.ask({
        method: 'PATCH',
        path: pod,
        body: { metadata: { finalizers } },
        contentType: 'application/merge-patch+json',
      });
    // On a node: what is deleted before it has one is ended by the controller manager, every 20 s.
    await kube.cluster.ask({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'held' } } });
    const target = { apiVersion: 'v1', kind: 'Node', name: 'held' };
    await kube.cluster.ask({
      method: 'POST',
      path: `${pod}/binding`,
      body: { metadata: { name: metadata.name }, target },
    });
    await hold(['anneal.dev/held']);
    await kube.report(await onlyPod(), running);
    const object = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${job.name}-a1`;
    await kube.cluster.ask({ method: 'DELETE', path: object, body: { propagationPolicy: 'Background' } });
    await expect.poll(async () => (await onlyPod()).metadata.deletionTimestamp).toBeDefined();
    const next = runner.submit(job);
    const cancelled = open().cancel(job.name, 0);
    let over = '';
    void cancelled.then(() => (over += 'cancelled '));
    void next.then(() => (over += 'begun '));
    await sleep(3_000);
    expect([over, await jobs()]).toEqual(['', []]);
    await hold([]);
    // As its kubelet would.
    await kube.cluster.ask({ method: 'DELETE', path: pod, body: { gracePeriodSeconds: 0 } });
    await Promise.all([next, cancelled]);
    await kube.cluster.ask({ method: 'DELETE', path: '/api/v1/nodes/held' });
    expect(await jobs()).toEqual([`${job.name}-a2`]);
  }, 60_000);

  it('goes on where a worker died between its note and the object', async () => {
    await store.createNamed(`jobs/${job.name}/job`, JSON.stringify(job));
    await store.createNamed(`jobs/${job.name}/attempts/1/begun`, '');
    expect(await state()).toMatchObject({ phase: 'stopped', cause: 'vanished' });
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a1`]);
  });

  it('starts nothing anew while the API server is away', async () => {
    await runner.submit(job);
    const before = await onlyPod();
    await kube.report(before, running);
    await kube.testbed.kill('kube-apiserver');
    for (let look = 0; look < 3; look += 1) await expect(state()).rejects.toEqual(code('cluster.unavailable'));
    await expect(runner.submit(job)).rejects.toEqual(code('cluster.unavailable'));
    await kube.testbed.start('kube-apiserver');
    await expect.poll(state, { timeout: 30_000 }).toMatchObject({ phase: 'running' });
    await runner.submit(job);
    expect(await jobs()).toEqual([`${job.name}-a1`]);
    expect((await onlyPod()).metadata.uid).toBe(before.metadata.uid);
  }, 120_000);

  it('takes 25 time-outs in a row for nothing: neither an end nor a reason to start anew', async () => {
    await runner.submit(job);
    await kube.report(await onlyPod(), running);
    const watching = open({ cluster: kube.client({ timeoutMs: 250, patienceMs: 250 }) });
    await watching.state(job.name);
    // It takes connections and requests, and never answers.
    const [server] = allProcesses(
      (command) => /kube-apiserver /.test(command) && command.includes(kube.testbed.layout.dir),
    );
    expect(signalProcess(server!, 'SIGSTOP')).toBe(true);
    try {
      for (let attempt = 1; attempt <= 25; attempt += 1) {
        // As the activity does: each try of it submits, then looks.
        const what = attempt % 2 === 0 ? watching.submit(job) : watching.state(job.name);
        await expect(what).rejects.toEqual(code('cluster.unavailable'));
      }
    } finally {
      signalProcess(server!, 'SIGCONT');
    }
    await runner.submit(job);
    expect(await state()).toMatchObject({ phase: 'running' });
    expect(await jobs()).toEqual([`${job.name}-a1`]);
    expect((await onlyPod()).metadata.deletionTimestamp).toBeUndefined();
  }, 120_000);

  it('belongs to its campaign: deleting the campaign’s ConfigMap deletes it', async () => {
    await runner.submit(job);
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/anneal-c${count}`;
    await kube.cluster.ask({ method: 'DELETE', path });
    await expect.poll(jobs, { timeout: 30_000 }).toEqual([]);
  });

  it('names a namespace that is not there, and creates nothing', async () => {
    const elsewhere = createKubernetesJobRunner({
      cluster: kube.cluster,
      store,
      access: { address: 's3://anneal/test' },
      namespace: 'no-such-namespace',
      profileOf: async () => profile,
      workload: 'job',
    });
    await expect(elsewhere.submit(job)).rejects.toEqual(code('cluster.not_found'));
  });

  it('names the API that the cluster lacks', async () => {
    const jobset = createKubernetesJobRunner({
      cluster: kube.cluster,
      store,
      access: { address: 's3://anneal/test' },
      namespace: NAMESPACE,
      profileOf: async () => profile,
      workload: 'jobset',
    });
    await expect(jobset.submit(job)).rejects.toEqual(code('cluster.missing_crd'));
  });
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
const RESULT = {
  schema: 'anneal/job-result/v1',
  status: 'done',
  policyVersion: 1,
  steps: 3,
  trained: [],
  dropped: [],
  seconds: {},
};

function container(state: object): object {
  return { name: 'trainer', image: 'x', imageID: '', ready: false, restartCount: 0, state };
}
function disruption(reason: string): object {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message: reason,
    lastTransitionTime: new Date().toISOString(),
  };
}
