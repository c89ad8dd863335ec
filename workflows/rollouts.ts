// One shard of a plan: every rollout is generated, then graded, by itself or with others in one activity; one that cannot be is masked with
// its reason.
import {
  ActivityFailure,
  ApplicationFailure,
  defineQuery,
  isCancellation,
  patched,
  setHandler,
} from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { PROGRESS } from '../contracts/names.ts';
import { batchSize, type Pace, paced, UNKNOWN_PACE } from '../policies/pace.ts';
import { blamesMachine, RETRY_OPTIONS } from '../policies/retry.ts';
import { createTurns } from '../policies/turns.ts';
import { activitiesOn } from './queues.ts';

export interface Shard {
  plan: ArtifactRef;
  /** Rollouts [start, end) of the plan. */
  start: number;
  end: number;
  groupSize: number;
  concurrency: number;
  timeoutMs: number;
  /** Of the plan's rollouts before these. */
  pace?: Pace;
}
export interface ShardProgress {
  done: number;
  total: number;
  unit: 'rollouts';
}
export interface ShardResult {
  tokens: number;
  masked: number;
  /** Of these rollouts and those before. */
  pace?: Pace;
}

/** Two activities a rollout: 200 rollouts stay near 2,500 history events, below where Temporal suggests to continue as new. */
export const SHARD_SIZE = 200;

/** Beyond its rollouts: what one that begins in time may still take in it, to be generated and to be graded. */
const BATCH_SLACK_MS = 630_000;

export async function rollouts(shard: Shard): Promise<ShardResult> {
  const progress: ShardProgress = { done: 0, total: shard.end - shard.start, unit: 'rollouts' };
  setHandler(defineQuery<ShardProgress>(PROGRESS), () => progress, { description: 'Rollouts finished and requested' });
  const common = { heartbeatTimeout: '15s', retry: RETRY_OPTIONS.rollout } as const;
  const { generate, mask } = activitiesOn('rollouts', {
    ...common,
    startToCloseTimeout: shard.timeoutMs + 30_000,
  });
  // A page may take three minutes and be opened three times; a patch's tests in pods, or the first rubric of a slow judge, take as long. A
  // worker that dies is missed by its heartbeat.
  const { grade } = activitiesOn('rollouts', { ...common, startToCloseTimeout: '10m' });
  const { play } = activitiesOn('rollouts', { ...common, startToCloseTimeout: shard.timeoutMs + BATCH_SLACK_MS });

  let tokens = 0;
  let masked = 0;
  let pace = shard.pace ?? UNKNOWN_PACE;
  const batches = patched('batches');
  const turns = createTurns(shard.start, shard.end, shard.groupSize);

  async function one(index: number): Promise<void> {
    let step: 'generate' | 'grade' = 'generate';
    try {
      // Not `tokens += (await …).tokens`: that reads the sum before it waits, and the lanes would overwrite each other's.
      const generated = await generate({ plan: shard.plan, index });
      tokens += generated.tokens;
      step = 'grade';
      const graded = await grade({ plan: shard.plan, index });
      if (generated.milliseconds !== undefined && graded !== undefined)
        pace = paced(pace, { played: 1, milliseconds: generated.milliseconds + graded.milliseconds });
    } catch (failure) {
      // A cancelled rollout leaves no trajectory, so that a resumed campaign can still play it; the report books it as cancelled.
      if (isCancellation(failure)) throw failure;
      const reason = failureCode(failure);
      // The machine is at fault, not this rollout: masking would go through every other one, and train on what is left.
      if (blamesMachine(reason)) throw failure;
      const outcome = step === 'generate' ? 'infrastructure_failure' : 'verifier_failure';
      const done = await mask({ plan: shard.plan, index, outcome, reason });
      if (done?.masked !== false) masked += 1;
    }
    progress.done += 1;
  }

  /** In one activity, as far as it comes. What stopped it is played by itself; all of them are where it cannot be played at all. */
  async function together(indices: readonly number[]): Promise<void> {
    for (let rest = indices; rest.length > 0; ) {
      const batch = await play({ plan: shard.plan, indices: rest }).catch((failure: unknown) => {
        if (isCancellation(failure)) throw failure;
      });
      if (batch === undefined) {
        for (const index of rest) await one(index);
        return;
      }
      tokens += batch.tokens;
      progress.done += batch.played;
      pace = paced(pace, batch);
      const stopped = rest[batch.played];
      if (stopped !== undefined) await one(stopped);
      rest = rest.slice(batch.played + 1);
    }
  }

  async function lane(): Promise<void> {
    for (let last: number | undefined; ; ) {
      const lanes = shard.concurrency;
      const size = batches ? batchSize(pace, { left: turns.left(), lanes }) : 1;
      const indices: number[] = [];
      for (let index = turns.next(last); index !== undefined; ) {
        indices.push(index);
        last = index;
        index = indices.length < size ? turns.next(last) : undefined;
      }
      if (indices.length === 0) return;
      await (indices.length === 1 ? one(indices[0]!) : together(indices));
    }
  }
  await Promise.all(Array.from({ length: shard.concurrency }, lane));
  return { tokens, masked, ...(batches ? { pace } : {}) };
}

function failureCode(failure: unknown): string {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  return cause instanceof ApplicationFailure && cause.type ? cause.type : 'internal.bug';
}
