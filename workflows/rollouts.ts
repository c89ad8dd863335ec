// One shard of a plan: every rollout is generated, then graded; one that cannot be is masked with its reason.
import { ActivityFailure, ApplicationFailure, defineQuery, isCancellation, setHandler } from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { PROGRESS } from '../contracts/names.ts';
import { blamesMachine, RETRY_OPTIONS } from '../policies/retry.ts';
import { createTurns } from '../policies/turns.ts';
import { activitiesOn } from './queues.ts';

export interface Shard {
  plan: ArtifactRef;
  /** Rollouts [start, end) of the plan, at most SHARD_SIZE. */
  start: number;
  end: number;
  groupSize: number;
  concurrency: number;
  timeoutMs: number;
}
export interface ShardProgress {
  done: number;
  total: number;
  unit: 'rollouts';
}

/** Two activities a rollout: 200 rollouts stay near 2,500 history events, below where Temporal suggests to continue as new. */
export const SHARD_SIZE = 200;

export async function rollouts(shard: Shard): Promise<{ tokens: number; masked: number }> {
  const progress: ShardProgress = { done: 0, total: shard.end - shard.start, unit: 'rollouts' };
  setHandler(defineQuery<ShardProgress>(PROGRESS), () => progress, { description: 'Rollouts finished and requested' });
  const { generate, mask } = activitiesOn('rollouts', {
    startToCloseTimeout: shard.timeoutMs + 30_000,
    heartbeatTimeout: '15s',
    retry: RETRY_OPTIONS.rollout,
  });
  const { grade } = activitiesOn('rollouts', {
    startToCloseTimeout: '2m',
    heartbeatTimeout: '15s',
    retry: RETRY_OPTIONS.rollout,
  });

  let tokens = 0;
  let masked = 0;
  const turns = createTurns(shard.start, shard.end, shard.groupSize);

  async function one(index: number): Promise<void> {
    let step: 'generate' | 'grade' = 'generate';
    try {
      // Not `tokens += (await …).tokens`: that reads the sum before it waits, and the lanes would overwrite each other's.
      const generated = await generate({ plan: shard.plan, index });
      tokens += generated.tokens;
      step = 'grade';
      await grade({ plan: shard.plan, index });
    } catch (failure) {
      // A cancelled rollout leaves no trajectory, so that a resumed campaign can still play it; the report books it as cancelled.
      if (isCancellation(failure)) throw failure;
      const reason = failureCode(failure);
      // The machine is at fault, not this rollout: masking would go through every other one, and train on what is left.
      if (blamesMachine(reason)) throw failure;
      masked += 1;
      const outcome = step === 'generate' ? 'infrastructure_failure' : 'verifier_failure';
      await mask({ plan: shard.plan, index, outcome, reason });
    }
    progress.done += 1;
  }

  async function lane(): Promise<void> {
    for (let index = turns.next(); index !== undefined; index = turns.next(index)) await one(index);
  }
  await Promise.all(Array.from({ length: shard.concurrency }, lane));
  return { tokens, masked };
}

function failureCode(failure: unknown): string {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  return cause instanceof ApplicationFailure && cause.type ? cause.type : 'internal.bug';
}
