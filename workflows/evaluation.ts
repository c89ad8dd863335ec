// One policy version on one split, or on a fixed part of the visible one, paired with version 0.
import { defineQuery, setHandler } from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { PROGRESS } from '../contracts/names.ts';
import type { EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { Split } from '../contracts/task.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';
import { runPlan } from './run-plan.ts';

export interface EvaluationInput {
  workflowId: string;
  spec: ArtifactRef;
  taskSet: ArtifactRef;
  round: number;
  split: Split;
  /** With other seeds than the measurement of the same round and version. */
  again?: boolean;
  policy: PolicyVersion;
  confidence: number;
  concurrency: number;
  timeoutMs: number;
  baseline?: EvaluationResult;
}

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export async function evaluation(input: EvaluationInput): Promise<{ result: EvaluationResult; tokens: number }> {
  let shard = '';
  setHandler(defineQuery<{ shard: string }>(PROGRESS), () => ({ shard }), { description: 'The shard at work; ask it' });
  const handle = await act.planEvaluation(input);
  const { tokens } = await runPlan(handle, { ...input, onShard: (id) => (shard = id) });
  const result = await act.measure({
    plan: handle.plan,
    confidence: input.confidence,
    ...(input.baseline === undefined ? {} : { baseline: input.baseline }),
  });
  return { result, tokens };
}
