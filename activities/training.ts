// From graded rollouts to a new policy version, by the job contract.
import { activityInfo, cancellationSignal, heartbeat, sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { RepositoryName } from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type CampaignName, makePolicyName } from '../contracts/ids.ts';
import {
  type JobDocument,
  type JobEffort,
  type JobResult,
  type JobRunner,
  type JobState,
  jobEffort,
} from '../contracts/job.ts';
import { ownLogName } from '../contracts/names.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { makeWeightTag, weightManifest } from '../contracts/weight-update.ts';
import { signalOf } from '../policies/advantage.ts';
import { batchCompletion, batchLine, batchOf } from '../policies/batch.ts';
import { afterInterruption, isHopeless, NO_EFFORT } from '../policies/job-effort.ts';
import { actionFor, codeOfStop } from '../policies/retry.ts';
import { JobFailure } from './boundary.ts';
import type { TrainingActivities } from './interface.ts';
import { trainingDocument } from './job-document.ts';
import type { JobWatch, WatchJob } from './monitor.ts';
import { completionsOf, trajectoriesOf } from './plan-records.ts';
import type { Documents } from './read.ts';
import { sampledIn } from './sampled.ts';

/** Often enough to be missed within the heartbeat timeout of 15 s. */
const BEAT_MS = 3_000;
const LOOK_MS = 300;
/** What a failed job leaves to be read. */
const LOGS = ['log', 'metrics.jsonl'] as const;
/** For a trainer on this machine to write its checkpoint. On a cluster its profile says how long it may take. */
const CANCEL_GRACE_MS = 8_000;
const SILENT: ReadonlySet<AnnealError['code']> = new Set(['cluster.unavailable', 'store.unavailable']);

export function createTrainingActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  gateway: ModelGateway;
  jobs: JobRunner;
  /** The files that a repository's branch has now; @throws AnnealError `repository.unknown` */
  codeOf?: (repository: RepositoryName) => Promise<NonNullable<JobDocument['code']>>;
  /** Without it jobs are waited for, and nobody reads along. */
  watchJob?: WatchJob;
}): TrainingActivities {
  const { store, documents, gateway, jobs, codeOf, watchJob } = ports;

  return {
    async assembleBatch({ spec: specRef, plan: planRef, round, from, to }) {
      const spec = await documents.spec(specRef);
      const plan = await documents.plan(planRef);
      const trajectories = await trajectoriesOf(gateway, plan);
      const assembled = batchOf({
        ...{ plan, trajectories, completions: await completionsOf(gateway, plan), weigh: batchCompletion },
        signal: signalOf(spec.training),
      });
      const account = await documents.write(assembled.samples);
      const samples = assembled.lines.map((line) => batchLine(line, line.completion, from));
      const { ledger } = assembled;
      if (samples.length === 0) return { document: null, account, ledger };
      const sampled = sampledIn(samples, from.number);
      const repository = spec.training.code?.repository;
      if (repository !== undefined && codeOf === undefined)
        throw new AnnealError('repository.unknown', `${repository}: this worker knows no repositories`);

      const document = trainingDocument({
        ...{ spec, round, from, to, temperature: plan.harness.temperature },
        oldest: Math.min(...samples.map((sample) => sample.policyVersion)),
        profile: await documents.profile(spec.name),
        batch: await store.put(samples.map((sample) => `${JSON.stringify(sample)}\n`).join('')),
        ...(repository === undefined ? {} : { code: await codeOf!(repository) }),
      });
      return { document, account, ledger, ...(sampled === undefined ? {} : { sampled }) };
    },

    async runJob({ document, watch: order }) {
      let progress: object = {};
      let effort = effortSoFar();
      const before: unknown = activityInfo().heartbeatDetails;
      let watch: JobWatch | undefined;
      const tell = (): void => heartbeat({ ...progress, effort, ...watch?.memory() });
      // By the clock: starting a job may mean to wait for the end of the one before.
      const beat = setInterval(tell, BEAT_MS);
      const insist = <T>(ask: () => Promise<T>): Promise<T> =>
        untilAnswered(ask, (waitingFor) => {
          progress = { waitingFor };
        });
      try {
        let reached = 0;
        await insist(() => jobs.submit(document, cancellationSignal()));
        watch = order && watchJob?.(document, order, before);
        for (;;) {
          const state = await insist(() => jobs.state(document.name));
          if (state.phase === 'done') return;
          if (state.phase === 'stopped') {
            effort = afterInterruption(effort, { cause: state.cause, step: reached });
            tell();
            throw failureOf(document, state, effort);
          }
          if (state.phase === 'running') {
            reached = state.step ?? reached;
            watch?.saw(state);
            progress = { done: state.step ?? 0, total: document.algorithm.steps, unit: 'steps' };
            tell();
          }
          await sleep(jobs.lookMs ?? LOOK_MS);
        }
      } finally {
        clearInterval(beat);
        await watch?.close();
      }
    },

    async importJob({ document, campaign, parent }) {
      const state = await jobs.state(document.name);
      if (state.phase !== 'done') throw new Error(`${document.name} is ${state.phase}, expected done`);
      const bring = (path: string) => jobs.output(document.name, path);
      const policy: PolicyVersion = {
        campaign,
        number: state.result.policyVersion,
        name: makePolicyName(campaign as CampaignName, state.result.policyVersion),
        base: document.model.base,
        parent,
        ...(await weightsOf(state.result, bring)),
      };
      return { policy, result: await bring('result.json'), metrics: await documents.write(state.metrics) };
    },

    async keepLogs({ name }) {
      const kept = await Promise.all(
        LOGS.map(async (log) => ({ name: log, object: await jobs.output(name, log).catch(() => undefined) })),
      );
      const logs = kept.flatMap((one) => (one.object === undefined ? [] : [{ name: one.name, object: one.object }]));
      // What agents make of these is not held back as what they make of anybody's.
      for (const { object } of logs) await store.createNamed(ownLogName(object.sha256), name);
      return logs;
    },

    async cancelJob({ name }) {
      let waitingFor = `${name} ends`;
      const tell = (): void => heartbeat({ waitingFor });
      const beat = setInterval(tell, BEAT_MS);
      try {
        await untilAnswered(
          () => jobs.cancel(name, CANCEL_GRACE_MS),
          (who) => {
            waitingFor = who;
          },
        );
      } finally {
        clearInterval(beat);
      }
    },
  };

  async function weightsOf({ outputs, policyVersion }: JobResult, bring: (path: string) => Promise<ArtifactRef>) {
    if ('adapter' in outputs) {
      const { adapter, adapterGguf, optimizer } = outputs;
      return {
        adapter: await bring(adapter.path),
        adapterGguf: await bring(adapterGguf.path),
        optimizer: await bring(optimizer.path),
      };
    }
    const manifest = await bring(outputs.weights.path);
    const { version, digest } = await documents.read(weightManifest, manifest);
    if (version !== policyVersion) {
      throw new AnnealError('weights.corrupt', `${manifest.uri} is of version ${version}, not ${policyVersion}`);
    }
    const weights = { tag: makeWeightTag(version, digest), manifest };
    return { adapter: null, adapterGguf: null, optimizer: null, weights };
  }
}

/** A cluster or a store that does not answer says nothing of the job: it is asked again for as long as the activity may take. */
async function untilAnswered<T>(ask: () => Promise<T>, onSilence: (who: string) => void): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (failure) {
      if (!(failure instanceof AnnealError) || !SILENT.has(failure.code)) throw failure;
      onSilence(failure.message);
    }
    await sleep(BEAT_MS);
  }
}

/** What the attempt before left with its last beat. One that died before it could tell is not counted. */
function effortSoFar(): JobEffort {
  return z.object({ effort: jobEffort }).safeParse(activityInfo().heartbeatDetails).data?.effort ?? NO_EFFORT;
}

function failureOf(
  { name }: JobDocument,
  stopped: Extract<JobState, { phase: 'stopped' }>,
  effort: JobEffort,
): JobFailure {
  const { exitCode, cause, message, logTail, smallerNext } = stopped;
  const how = `${name} ended with exit code ${exitCode}: ${message}`;
  if (smallerNext)
    return new JobFailure('job.interrupted', `${how}; the next attempt computes in smaller pieces`, logTail);
  const code = codeOfStop(exitCode, cause);
  if (actionFor(code) !== 'retry' || !isHopeless(effort)) return new JobFailure(code, how, logTail);
  return new JobFailure('job.failed', `${how}; ${effort.fruitless} attempts in a row got no further`, logTail);
}
