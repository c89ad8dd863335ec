// Runs a plan's shards as children, one after the other: they share one policy server, so more at once would only queue.
import { executeChild } from '@temporalio/workflow';
import type { PlanHandle } from '../contracts/plan.ts';
import { PRIORITIES } from '../contracts/queues.ts';
import { type Pace, shardSize } from '../policies/pace.ts';
import { type rollouts, SHARD_SIZE } from './rollouts.ts';

export async function runPlan(
  handle: PlanHandle,
  options: { workflowId: string; concurrency: number; timeoutMs: number; onShard?: (workflowId: string) => void },
): Promise<{ tokens: number; masked: number }> {
  const sum = { tokens: 0, masked: 0 };
  let pace: Pace | undefined;
  for (let start = 0, shard = 0, end = 0; start < handle.rollouts; start = end, shard += 1) {
    end = Math.min(start + shardSize(pace, SHARD_SIZE), handle.rollouts);
    const workflowId = `${options.workflowId}/${shard}`;
    options.onShard?.(workflowId);
    const part = await executeChild<typeof rollouts>('rollouts', {
      workflowId,
      priority: { priorityKey: PRIORITIES.rollouts },
      args: [
        {
          plan: handle.plan,
          start,
          end,
          groupSize: handle.groupSize,
          concurrency: options.concurrency,
          timeoutMs: options.timeoutMs,
          ...(pace === undefined ? {} : { pace }),
        },
      ],
      staticSummary: `rollouts ${start + 1}–${end} of ${handle.rollouts}`,
    });
    sum.tokens += part.tokens;
    sum.masked += part.masked;
    pace = part.pace;
  }
  return sum;
}
