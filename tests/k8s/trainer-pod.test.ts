// Training in real pods: a real kubelet, the real trainer's image, a real S3 server, real gradients of a small random model, and spans
// that come out of the pod.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { JobDocument, JobRunner, JobState } from '../../contracts/job.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { loadConfig } from '../../infra/config.ts';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { startTracing, type Tracing, traceEnvironment } from '../../infra/tracing/tracing.ts';
import { openCluster } from '../../k8s/cluster/request.ts';
import { createWorkloads } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { createKubernetesJobRunner } from '../../k8s/runner/runner.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { ensureTrainerImages } from '../../k8s/testbed/trainer-image.ts';
import { actionFor, codeOfStop } from '../../policies/retry.ts';
import { isBuilt } from '../support/cluster.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';
import { trainerPython } from '../support/trainer-python.ts';
import { trainingJob } from '../support/training-job.ts';

const NAMESPACE = 'team-a';
const PARTS = ['kubelet', 'jobset'] as const;
const canRun = process.getuid?.() === 0 && isBuilt(PARTS) && s3Binary() !== undefined;
/** Seconds of them, on an idle machine too: what is done to a trainer is done before its last one. */
const STEPS = 150;
const GROUPS = STEPS;

describe.skipIf(!canRun)('a trainer in pods', () => {
  let dir: string;
  let testbed: Testbed;
  let server: S3Server;
  let store: ArtifactStore;
  let profile: ProfileSpec;
  let address: string;
  let runner: JobRunner;
  let receiver: OtlpReceiver;
  let tracing: Tracing;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-pods-'));
    const archive = await ensureTrainerImages(await trainerPython(), loadConfig().paths.trainer);
    testbed = await startTestbed({ dir, parts: PARTS });
    await loadImages(testbed, archive);
    // Pods reach the machine by the first address of their own network.
    const host = networkOf(testbed.layout).gateway;
    server = await startS3Server({ host });
    receiver = await startOtlpReceiver(host);
    tracing = (await startTracing({ endpoint: receiver.endpoint, service: 'anneal-worker', delayMs: 50 }))!;
    address = server.address();
    store = createS3Store(address);
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
    await testbed.api.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await testbed.api.call('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: 'store' },
      stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
    });
    const cpu = await loadProfile('cpu');
    const small = { ...cpu.pods.trainer, cpu: '1', memory: '3Gi', ephemeralStorage: '0' };
    profile = profileSpec.parse({ ...cpu, pods: { ...cpu.pods, trainer: small } });
    runner = createKubernetesJobRunner({
      cluster: openCluster({ kubeconfig: testbed.kubeconfig }),
      store,
      access: {
        address: address.replace(/\?.*$/, ''),
        endpoint: server.endpoint,
        region: 'us-east-1',
        secret: 'store',
      },
      namespace: NAMESPACE,
      profileOf: async () => profile,
      workload: 'jobset',
      startEnv: () => traceEnvironment(tracing, receiver.endpoint),
    });
  }, 300_000);
  afterAll(async () => {
    await tracing?.close();
    await testbed?.stop();
    await receiver?.close();
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  it('trains, and leaves its result, its metrics and its outputs in the bucket', async () => {
    const job = await document('first-r1-train');
    await tracing.span('runJob', {}, () => runner.submit(job));
    const done = await until(job, 'done');
    expect(done.metrics.map((line) => line.step)).toEqual(steps());
    expect(done.result.trained).toHaveLength(GROUPS * 4);
    const { outputs } = done.result;
    for (const { path } of Object.values(outputs))
      expect(await store.has(await runner.output(job.name, path))).toBe(true);
    expect((await runner.logTail(job.name, 3)).join('\n')).not.toBe('');
  }, 180_000);

  it('sends its spans from the pod, below the one that submitted it', { timeout: 60_000 }, async () => {
    // The pod's own ends last; what it sends then is sent before it exits.
    const ended = () => receiver.spans.find(({ name }) => name === 'pod');
    await receiver.until(() => ended() !== undefined && receiver.spans.some(({ name }) => name === 'runJob'));
    const [submitted] = receiver.spans.filter(({ name }) => name === 'runJob');
    const pod = ended();
    expect(pod).toMatchObject({
      service: 'anneal-trainer',
      traceId: submitted?.traceId,
      parentSpanId: submitted?.spanId,
      failed: false,
      attributes: { 'anneal.job': 'first-r1-train', 'anneal.attempt': 1, 'anneal.exit_code': 0 },
    });
    const below = (name: string, parent: string | undefined) =>
      receiver.spans.filter((span) => span.name === name && span.parentSpanId === parent);
    const [train] = below('train', pod?.spanId);
    expect(train).toMatchObject({ traceId: submitted?.traceId, failed: false });
    expect(below('step', train?.spanId)).toHaveLength(STEPS);
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it('goes on from its checkpoint when its container is killed, and when its pod is deleted, to the same bytes', async () => {
    const job = await document('second-r1-train');
    await runner.submit(job);
    await expect.poll(() => step(job), { timeout: 120_000, interval: 50 }).toBeGreaterThan(5);
    const reached = await step(job);
    // The first process of the container, by its own kill.
    await killContainer(job);
    const stopped = await until(job, 'stopped');
    expect(stopped.exitCode).toBe(137);
    await runner.submit(job);
    await expect.poll(() => step(job), { timeout: 120_000, interval: 50 }).toBeGreaterThan(reached + 5);
    await deletePods(job, 2);
    // Neither the Job nor the JobSet begins another in its place.
    const deleted = await until(job, 'stopped');
    expect(actionFor(codeOfStop(deleted.exitCode, deleted.cause)), deleted.message).toBe('retry');
    await runner.submit(job);
    const done = await until(job, 'done');
    expect(done.metrics.map((line) => line.step)).toEqual(steps());
    const { outputs } = done.result;
    if (!('adapter' in outputs)) throw new Error('not the outputs of a job that trains an adapter');
    const first = await runner.output('first-r1-train' as JobDocument['name'], outputs.adapter.path);
    expect((await runner.output(job.name, outputs.adapter.path)).sha256).toBe(first.sha256);
  }, 300_000);

  async function document(name: string): Promise<JobDocument> {
    const lines = Array.from({ length: GROUPS * 4 }, (_, index) => ({
      id: `${name.replace(/-r1-train$/, '')}/r1/train.v0/g${Math.floor(index / 4)}/s${index % 4}`,
      group: `g${Math.floor(index / 4)}`,
      promptIds: [1, 2, 3, Math.floor(index / 4)],
      completionIds: [(index * 7) % 256, (index * 13) % 256],
      logprobs: [-5, -5],
      advantage: index % 2 === 0 ? 0.5 : -0.5,
      reward: index % 2 === 0 ? 1 : 0,
      policyVersion: 0,
    }));
    const batch = await store.put(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return trainingJob(name, {
      model: { base: 'tiny-random', lora: { rank: 4, alpha: 8, layers: 2 } },
      algorithm: { steps: STEPS, maxStaleness: STEPS },
      sampling: { temperature: 1 },
      inputs: { batch, adapter: null, optimizer: null },
    });
  }

  const steps = (): number[] => Array.from({ length: STEPS }, (_, index) => index + 1);

  async function step(job: JobDocument): Promise<number> {
    const state = await runner.state(job.name);
    if (state.phase === 'stopped') throw new Error(`${state.message}\n${state.logTail.join('\n')}`);
    return state.phase === 'running' ? (state.step ?? 0) : Number.POSITIVE_INFINITY;
  }

  async function until<P extends JobState['phase']>(job: JobDocument, phase: P): Promise<JobState & { phase: P }> {
    for (;;) {
      const state = await runner.state(job.name);
      if (state.phase === phase) return state as JobState & { phase: P };
      if (state.phase === 'done') throw new Error(`${job.name} is done, and was to be ${phase}`);
      if (state.phase === 'stopped') throw new Error(`${state.message}\n${state.logTail.join('\n')}`);
      await new Promise((done) => setTimeout(done, 500));
    }
  }

  async function deletePods(job: JobDocument, attempt: number): Promise<void> {
    const workloads = createWorkloads(openCluster({ kubeconfig: testbed.kubeconfig }));
    const labels = { 'anneal.dev/job': job.name, 'anneal.dev/attempt': `${attempt}` };
    const pods = await workloads.list('Pod', NAMESPACE, labels);
    expect(pods).toHaveLength(1);
    for (const { metadata } of pods) await workloads.remove('Pod', NAMESPACE, metadata.name, 'Background');
  }

  async function killContainer(job: JobDocument): Promise<void> {
    const { execFileSync } = await import('node:child_process');
    const found = execFileSync('pgrep', ['-f', `anneal_trainer pod --name ${job.name}`], { encoding: 'utf8' });
    for (const pid of found.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  }
});
