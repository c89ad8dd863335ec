// Runs a plan's shards as children, one after the other: they share one policy server, so more at once would only queue.
import { executeChild } from '@temporalio/workflow';
import type { PlanHandle } from '../contracts/plan.ts';
import { PRIORITIES } from '../contracts/queues.ts';
import { type rollouts, SHARD_SIZE } from './rollouts.ts';

export async function runPlan(
  handle: PlanHandle,
  options: { workflowId: string; concurrency: number; timeoutMs: number; onShard?: (workflowId: string) => void },
): Promise<{ tokens: number; masked: number }> {
  const sum = { tokens: 0, masked: 0 };
  for (let start = 0; start < handle.rollouts; start += SHARD_SIZE) {
    const end = Math.min(start + SHARD_SIZE, handle.rollouts);
    const workflowId = `${options.workflowId}/${start / SHARD_SIZE}`;
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
        },
      ],
      staticSummary: `rollouts ${start + 1}–${end} of ${handle.rollouts}`,
    });
    sum.tokens += part.tokens;
    sum.masked += part.masked;
  }
  return sum;
}
