import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName, completionId, jobName, makePolicyName, makeRolloutId, taskId } from '../../contracts/ids.ts';
import type { JobRunner, JobState, StepMetrics } from '../../contracts/job.ts';
import type { ChatRequest, ModelGateway } from '../../contracts/ports.ts';
import type { CompletionRecord, Trajectory } from '../../contracts/trajectory.ts';
import { refOf } from '../../tests/support/scripted-activities.ts';
import { createFolderStore } from '../store/folder.ts';
import { countGateway, countJobs, countStore } from './ports.ts';
import { workerMetrics } from './registry.ts';

let live: ReturnType<typeof workerMetrics>;
beforeEach(() => {
  live = workerMetrics();
});
/** Every series of a metric, without the process's own. */
const shown = async (name: string): Promise<Record<string, number>> => {
  const { values } = await live.registry.getSingleMetric(name)!.get();
  return Object.fromEntries(
    values.map(({ labels, value, ...other }) => {
      const metric = 'metricName' in other ? `${String(other.metricName)} ` : '';
      return [metric + Object.values(labels).join(' '), value];
    }),
  );
};

const campaign = campaignName.parse('counted');
const rollout = makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample: 0 });
const policy = makePolicyName(campaign, 0);
const request: ChatRequest = {
  ...{ rollout, index: 0, policy, messages: [], temperature: 1, maxTokens: 8, seed: 1, timeoutMs: 1_000 },
};
const record = (milliseconds: number): CompletionRecord => ({
  ...{ schema: 'anneal/completion/v1', id: completionId.parse('c'), rollout, campaign, index: 0, policy },
  ...{ requestHash: refOf('x').sha256, fidelity: 'token-exact', messages: [], text: '', finish: 'stop' },
  ...{ sampling: { temperature: 1, maxTokens: 8 }, promptIds: [1, 2, 3], completionIds: [4, 5], logprobs: [0, 0] },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', milliseconds },
});
const trajectory: Trajectory = {
  ...{ schema: 'anneal/trajectory/v1', rollout, campaign, round: 1, purpose: 'train', split: 'visible', policy },
  ...{
    task: taskId.parse('t'),
    family: 'f',
    completions: [],
    outcome: 'success',
    tokens: { prompt: 3, completion: 2 },
  },
  reward: {
    total: 1.2,
    components: { format: 1, correctness: 1, partial: 1 },
    verifier: { name: 'v', version: 1 },
    evidence: refOf('e'),
  },
};

describe('a counted gateway', () => {
  const gateway = (complete: ModelGateway['complete']): ModelGateway =>
    countGateway(
      {
        complete,
        recordTrajectory: async () => {},
        trajectories: async () => [],
        completions: async () => [],
        operations: async () => [],
      },
      live.metrics,
    );
  const open = new AbortController().signal;

  it('counts tokens and times of what was generated, and says how long it waited otherwise', async () => {
    const took = gateway(async () => {
      await new Promise((done) => setTimeout(done, 60));
      return record(20);
    });
    expect(await took.complete(request, open)).toEqual(record(20));
    expect(await shown('anneal_tokens_total')).toEqual({ 'counted prompt': 3, 'counted completion': 2 });
    expect(await shown('anneal_model_requests_total')).toEqual({ 'counted ok': 1 });
    expect((await shown('anneal_generation_seconds'))['anneal_generation_seconds_sum counted']).toBeCloseTo(0.02);
    const waited = (await shown('anneal_model_wait_seconds'))['anneal_model_wait_seconds_sum counted']!;
    expect(waited).toBeGreaterThan(0.03);
    expect(
      (await shown('anneal_generation_tokens_per_second'))['anneal_generation_tokens_per_second_sum counted'],
    ).toBe(100);
  });

  it('does not count a recorded answer twice', async () => {
    await gateway(async () => record(60_000)).complete(request, open);
    expect(await shown('anneal_model_requests_total')).toEqual({ 'counted replayed': 1 });
    expect(await shown('anneal_tokens_total')).toEqual({});
  });

  it('counts failures by code, and passes them on', async () => {
    const broken = gateway(async () => {
      throw new AnnealError('gateway.overloaded', 'full');
    });
    await expect(broken.complete(request, open)).rejects.toThrow('full');
    const bug = gateway(async () => {
      throw new TypeError('x is not a function');
    });
    await expect(bug.complete(request, open)).rejects.toThrow('not a function');
    await expect(bug.complete(request, AbortSignal.abort())).rejects.toThrow('not a function');
    expect(await shown('anneal_model_requests_total')).toEqual({
      'counted gateway.overloaded': 1,
      'counted internal.bug': 1,
      'counted cancelled': 1,
    });
  });

  it('counts rollouts by outcome, rewards where there are any, and nothing that was not recorded', async () => {
    const counted = gateway(async () => record(1));
    await counted.recordTrajectory(trajectory);
    const { reward: _, ...masked } = trajectory;
    await counted.recordTrajectory({ ...masked, outcome: 'verifier_failure', purpose: 'gate' });
    expect(await shown('anneal_rollouts_total')).toEqual({
      'counted train success': 1,
      'counted gate verifier_failure': 1,
    });
    const rewards = await shown('anneal_rollout_reward');
    expect(rewards['anneal_rollout_reward_sum counted train']).toBe(1.2);
    expect(rewards['anneal_rollout_reward_count counted train']).toBe(1);
    expect(Object.keys(rewards).some((series) => series.includes('gate'))).toBe(false);
    const lost = countGateway(
      {
        complete: async () => record(1),
        recordTrajectory: async () => Promise.reject(new AnnealError('store.no_space', 'full')),
        trajectories: async () => [],
        completions: async () => [],
        operations: async () => [],
      },
      live.metrics,
    );
    await expect(lost.recordTrajectory(trajectory)).rejects.toThrow('full');
    expect((await shown('anneal_rollouts_total'))['counted train success']).toBe(1);
  });
});

describe('a counted store', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'anneal-counted-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('does what the store does, and counts calls, bytes and codes', async () => {
    const store = countStore(createFolderStore(root), live.metrics);
    const ref = await store.put('four');
    expect(Buffer.from(await store.get(ref)).toString()).toBe('four');
    await store.getFile(ref, join(root, 'copy'));
    expect(await store.putFile(join(root, 'copy'))).toEqual(ref);
    expect(await store.has(ref)).toBe(true);
    expect(await store.createNamed('a/b', 'x')).toBe(true);
    const { tag } = (await store.readNamed('a/b'))!;
    expect(await store.swapNamed('a/b', tag, 'y')).toBe(true);
    expect(await store.listNamed('a/')).toEqual(['a/b']);
    await expect(store.get(refOf('absent'))).rejects.toMatchObject({ code: 'store.not_found' });
    const operations = await shown('anneal_store_operations_total');
    expect(operations).toMatchObject({ 'put ok': 1, 'get ok': 1, 'get store.not_found': 1, 'swapNamed ok': 1 });
    expect(await shown('anneal_store_bytes_total')).toEqual({ written: 8, read: 8 });
  });
});

describe('counted jobs', () => {
  const name = jobName.parse('counted-r2-train');
  const step = (n: number): StepMetrics => ({
    ...{ step: n, loss: 1 / n, kl: 0.01 * n, entropy: 2, clipFraction: 0.1, gradNorm: 0.5, meanRatio: 1 },
    ...{ stalenessMin: 0, stalenessMax: 1, samples: 4, tokens: 8, seconds: 3 },
  });
  const runner = (states: JobState[]): JobRunner =>
    countJobs(
      {
        submit: async () => {},
        state: async () => states.shift()!,
        cancel: async () => {},
        logTail: async () => [],
        output: async () => refOf('o'),
      },
      live.metrics,
    );
  const document = { name } as Parameters<JobRunner['submit']>[0];

  it('counts an end once, and only of what this worker submitted', async () => {
    const done = { phase: 'done', result: {}, metrics: [step(1), step(2)] } as unknown as JobState;
    const jobs = runner([done, { phase: 'running', startedAt: '', step: 1 }, done, done]);
    await jobs.state(name);
    expect(await shown('anneal_jobs_ended_total')).toEqual({});
    await jobs.submit(document);
    await jobs.state(name);
    expect(await shown('anneal_training_step')).toEqual({ counted: 1 });
    await jobs.state(name);
    await jobs.state(name);
    expect(await shown('anneal_jobs_ended_total')).toEqual({ 'counted done': 1 });
    expect(await shown('anneal_training_loss')).toEqual({ counted: 0.5 });
    expect(await shown('anneal_training_kl_nats')).toEqual({ counted: 0.02 });
    expect(await shown('anneal_training_staleness_versions')).toEqual({ 'counted min': 0, 'counted max': 1 });
    expect(await shown('anneal_training_step_seconds')).toEqual({ counted: 3 });
  });

  it('says how a job stopped, by the cluster or by its exit code', async () => {
    const stopped = { phase: 'stopped', exitCode: 137, message: '', logTail: [] } as const;
    const jobs = runner([{ ...stopped, cause: 'preempted' }, stopped]);
    for (let n = 0; n < 2; n += 1) {
      await jobs.submit(document);
      await jobs.state(name);
    }
    expect(await shown('anneal_jobs_ended_total')).toEqual({ 'counted preempted': 1, 'counted exit_137': 1 });
  });
});
