// The three task queues: what each is for, how much of it a worker takes at once, and whose turn it is.
import type { QUEUES } from './names.ts';

export type QueueName = keyof typeof QUEUES;

export interface QueueSlots {
  /** Activities that one worker process runs at once. */
  readonly activities: number;
  /** Workflow tasks that one worker process works on at once; 0: the queue has no workflows. */
  readonly workflowTasks: number;
}

/** What a worker on one machine takes, unless its settings say otherwise. */
export const DEFAULT_SLOTS = {
  // Quick calls of the store, the pool and identities; they wait more than they work.
  control: { activities: 8, workflowTasks: 40 },
  // Enough for every lane of a shard: how many run at once is the campaign's choice (rollouts.concurrency).
  rollouts: { activities: 64, workflowTasks: 0 },
  // Jobs take the machine; on a cluster they only watch, so that many fit.
  jobs: { activities: 2, workflowTasks: 0 },
} as const satisfies Record<QueueName, QueueSlots>;

/**
 * Among tasks that wait in one queue the lowest number goes first (1 to 5; Temporal's own default is 3). It matters in the
 * control queue, which holds the workflow tasks of gates, of campaigns and of thousands of rollouts.
 */
export const PRIORITIES = { gate: 1, campaign: 3, rollouts: 4 } as const;

/** Temporal takes at most 64 bytes. */
const FAIRNESS_KEY_BYTES = 64;

/** Where several teams share a queue each gets its turn, in proportion to its weight. A campaign's work inherits its key. */
export interface Turn {
  readonly priorityKey: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
}

/** @param team its name, or the owner's where there are no teams */
export function turnOf(team: string, weight = 1): Turn {
  // Bytes, not characters; what is cut in the middle of one is dropped.
  const bytes = new TextEncoder().encode(team).subarray(0, FAIRNESS_KEY_BYTES);
  const fairnessKey = new TextDecoder().decode(bytes).replace(/\uFFFD$/, '');
  return { priorityKey: PRIORITIES.campaign, fairnessKey, fairnessWeight: weight };
}
