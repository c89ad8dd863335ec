// Age window: whatever finished is trained on, oldest first, as long as it is at most `maxAge` versions old; what is older
// expires, running or not. Nobody waits for a slow rollout, so slow ones are lost more often: see the length bias.
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { fullBatch, type SchedulingRule } from './contract.ts';

type Spec = Extract<SchedulerSpec, { kind: 'age-window' }>;

export function ageWindow({ batch, outstanding, maxAge }: Spec): SchedulingRule {
  return {
    window: Number.POSITIVE_INFINITY,
    maxAge,
    admits: ({ running, ready, training }) => outstanding - running - ready - training,
    takes: fullBatch(batch),
  };
}
