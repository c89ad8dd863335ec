// Synchronous: start a batch, wait for all of it, train, and only then start the next. Nothing is ever stale, and everybody waits
// for the slowest rollout. What fails is not replaced, as in a campaign's round: the batch is smaller by it.
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { type Counts, isDrained, type SchedulingRule } from './contract.ts';

export function synchronous({ batch }: Extract<SchedulerSpec, { kind: 'synchronous' }>): SchedulingRule {
  const admits = ({ running, ready, training, lostAtVersion }: Counts): number => {
    if (training > 0) return 0;
    const live = running + ready;
    // When all of a batch was lost, another one begins at the same version.
    return live === 0 ? batch : Math.max(0, batch - live - lostAtVersion);
  };
  return {
    window: Number.POSITIVE_INFINITY,
    // By construction; said, so that it also holds of records that another scheduler wrote.
    maxAge: 0,
    admits,
    takes: (counts, reachable) =>
      counts.running === 0 && (admits(counts) === 0 || isDrained(counts)) ? Math.min(batch, reachable) : 0,
  };
}
