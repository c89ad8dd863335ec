// Ports that count: each wrapper does what the port it wraps does, and notes it. The code between them knows of no metric.
import { stat } from 'node:fs/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { JobDocument, JobRunner, StepMetrics } from '../../contracts/job.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import type { WorkerMetrics } from './registry.ts';

const campaignOf = (id: string): string => id.slice(0, id.indexOf('/'));
/** `<campaign>-r<round>-train` */
const campaignOfJob = (name: string): string => name.replace(/-r\d+-[a-z]+$/, '');

/** The error's code; a bounded label whatever happened. */
export function codeOf(failure: unknown): string {
  return failure instanceof AnnealError ? failure.code : 'internal.bug';
}

export function countGateway(gateway: ModelGateway, metrics: WorkerMetrics): ModelGateway {
  return {
    ...gateway,
    async complete(request, signal) {
      const campaign = campaignOf(request.rollout);
      const began = performance.now();
      try {
        const record = await gateway.complete(request, signal);
        const elapsed = performance.now() - began;
        // A recorded answer comes back in less time than its generation took; its tokens were counted then.
        if (elapsed < record.milliseconds) {
          metrics.anneal_model_requests_total.inc({ campaign, status: 'replayed' });
          return record;
        }
        metrics.anneal_model_requests_total.inc({ campaign, status: 'ok' });
        metrics.anneal_tokens_total.inc({ campaign, kind: 'prompt' }, record.promptIds.length);
        metrics.anneal_tokens_total.inc({ campaign, kind: 'completion' }, record.completionIds.length);
        metrics.anneal_generation_seconds.observe({ campaign }, record.milliseconds / 1000);
        metrics.anneal_model_wait_seconds.observe({ campaign }, (elapsed - record.milliseconds) / 1000);
        if (record.milliseconds > 0) {
          const rate = record.completionIds.length / (record.milliseconds / 1000);
          metrics.anneal_generation_tokens_per_second.observe({ campaign }, rate);
        }
        return record;
      } catch (failure) {
        const status = signal.aborted ? 'cancelled' : codeOf(failure);
        metrics.anneal_model_requests_total.inc({ campaign, status });
        throw failure;
      }
    },
    async recordTrajectory(record) {
      await gateway.recordTrajectory(record);
      const { campaign, purpose, outcome, reward } = record;
      metrics.anneal_rollouts_total.inc({ campaign, purpose, outcome });
      if (reward !== undefined) metrics.anneal_rollout_reward.observe({ campaign, purpose }, reward.total);
    },
  };
}

export function countStore(store: ArtifactStore, metrics: WorkerMetrics): ArtifactStore {
  async function counted<T>(operation: keyof ArtifactStore, work: () => Promise<T>): Promise<T> {
    const end = metrics.anneal_store_seconds.startTimer({ operation });
    try {
      const result = await work();
      metrics.anneal_store_operations_total.inc({ operation, result: 'ok' });
      return result;
    } catch (failure) {
      metrics.anneal_store_operations_total.inc({ operation, result: codeOf(failure) });
      throw failure;
    } finally {
      end();
    }
  }
  const written = (bytes: number): void => metrics.anneal_store_bytes_total.inc({ direction: 'written' }, bytes);
  const read = (bytes: number): void => metrics.anneal_store_bytes_total.inc({ direction: 'read' }, bytes);
  return {
    async put(bytes) {
      const ref = await counted('put', () => store.put(bytes));
      written(ref.bytes);
      return ref;
    },
    async putFile(path) {
      const ref = await counted('putFile', () => store.putFile(path));
      written(ref.bytes);
      return ref;
    },
    async get(ref) {
      const bytes = await counted('get', () => store.get(ref));
      read(bytes.byteLength);
      return bytes;
    },
    async getFile(ref, path) {
      await counted('getFile', () => store.getFile(ref, path));
      read((await stat(path)).size);
    },
    has: (ref) => counted('has', () => store.has(ref)),
    createNamed: (key, bytes) => counted('createNamed', () => store.createNamed(key, bytes)),
    readNamed: (key) => counted('readNamed', () => store.readNamed(key)),
    swapNamed: (key, tag, bytes) => counted('swapNamed', () => store.swapNamed(key, tag, bytes)),
    listNamed: (prefix) => counted('listNamed', () => store.listNamed(prefix)),
  };
}

export function countJobs(jobs: JobRunner, metrics: WorkerMetrics): JobRunner {
  /** Submitted by this process and not yet seen to end: states are asked for long after, and of others' jobs too. */
  const pending = new Set<JobDocument['name']>();
  return {
    ...jobs,
    async submit(document, signal) {
      pending.add(document.name);
      metrics.anneal_jobs_submitted_total.inc({ campaign: campaignOfJob(document.name) });
      await jobs.submit(document, signal);
    },
    async state(name) {
      const state = await jobs.state(name);
      if (!pending.has(name)) return state;
      const campaign = campaignOfJob(name);
      if (state.phase === 'running') metrics.anneal_training_step.set({ campaign }, state.step ?? 0);
      if (state.phase === 'done') {
        metrics.anneal_jobs_ended_total.inc({ campaign, cause: 'done' });
        showSteps(campaign, state.metrics, metrics);
        pending.delete(name);
      }
      if (state.phase === 'stopped') {
        metrics.anneal_jobs_ended_total.inc({ campaign, cause: state.cause ?? `exit_${state.exitCode}` });
        pending.delete(name);
      }
      return state;
    },
  };
}

function showSteps(campaign: string, steps: readonly StepMetrics[], metrics: WorkerMetrics): void {
  const last = steps.at(-1);
  if (last === undefined) return;
  metrics.anneal_training_step.set({ campaign }, last.step);
  metrics.anneal_training_loss.set({ campaign }, last.loss);
  metrics.anneal_training_kl_nats.set({ campaign }, last.kl);
  metrics.anneal_training_entropy_nats.set({ campaign }, last.entropy);
  metrics.anneal_training_grad_norm.set({ campaign }, last.gradNorm);
  metrics.anneal_training_clip_ratio.set({ campaign }, last.clipFraction);
  metrics.anneal_training_staleness_versions.set({ campaign, bound: 'min' }, last.stalenessMin);
  metrics.anneal_training_staleness_versions.set({ campaign, bound: 'max' }, last.stalenessMax);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  metrics.anneal_training_step_seconds.set({ campaign }, seconds / steps.length);
}
