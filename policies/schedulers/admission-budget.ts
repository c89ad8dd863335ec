// Admission budget: rollouts are started only as far ahead of the trainer as they can still be fresh enough. With version v and
// batches of B at most (η + v + 1) · B are accepted or running, ever (AReaL, arXiv 2505.24298); where η is no whole number it is
// verl's threshold, (1 + τ) · B a version. What trains in its turn is then at most ⌈η⌉ versions old. The budget alone does not
// bound the age of a slow rollout that others overtake: that one expires, and makes room in the budget.
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { fullBatch, type SchedulingRule } from './contract.ts';

type Spec = Extract<SchedulerSpec, { kind: 'admission-budget' }>;

export function admissionBudget({ batch, eta }: Spec): SchedulingRule {
  return {
    window: Number.POSITIVE_INFINITY,
    maxAge: Math.ceil(eta),
    admits: ({ version, running, ready, training, trained }) =>
      Math.floor((eta + version + 1) * batch) - (trained + training + ready) - running,
    takes: fullBatch(batch),
  };
}
