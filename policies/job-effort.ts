// How often a job that was interrupted may begin again. What a cluster takes away does not count; a job that ends by itself
// without ever getting further would go on for ever.
import type { JobEffort, StopCause } from '../contracts/job.ts';

export const NO_EFFORT: JobEffort = { step: 0, fruitless: 0 };

/** As many as a stage that waits for nothing but the machine gets (RETRY_OPTIONS.patient). */
export const FRUITLESS_ATTEMPTS = 10;

/** Its place was needed, or its node went: nothing is said of the job. */
const CLUSTERS_DOING: ReadonlySet<StopCause> = new Set(['preempted', 'evicted', 'node_lost']);

export function afterInterruption(before: JobEffort, end: { cause?: StopCause | undefined; step: number }): JobEffort {
  if (end.step > before.step) return { step: end.step, fruitless: 0 };
  const counts = end.cause === undefined || !CLUSTERS_DOING.has(end.cause);
  return { ...before, fruitless: before.fruitless + (counts ? 1 : 0) };
}

export const isHopeless = ({ fruitless }: JobEffort): boolean => fruitless >= FRUITLESS_ATTEMPTS;
