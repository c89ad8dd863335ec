// Activities by the queue whose workers run them. A worker registers exactly these (worker/main.ts), so that the compiler finds what a
// workflow would ask of the wrong queue.
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { QueueActivities } from '../activities/queue-interface.ts';
import { QUEUES } from '../contracts/names.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';

type Options = Omit<ActivityOptions, 'taskQueue'>;

export const activitiesOn = <Queue extends keyof QueueActivities>(queue: Queue, options: Options) =>
  proxyActivities<QueueActivities[Queue]>({ ...options, taskQueue: QUEUES[queue] });

/** What takes a moment. */
export const quick = activitiesOn('control', {
  ...{ startToCloseTimeout: '5m', heartbeatTimeout: '15s', retry: RETRY_OPTIONS.quick },
});
/** Without it something has ended and nobody knows how. */
export const lasting = activitiesOn('control', {
  ...{ startToCloseTimeout: '5m', heartbeatTimeout: '15s', retry: RETRY_OPTIONS.patient },
});
/** Models that are shown documents, one question each. */
export const reading = activitiesOn('jobs', {
  ...{ startToCloseTimeout: '30m', heartbeatTimeout: '20s', retry: RETRY_OPTIONS.quick },
});
/** Logs, tests, models and git: hours, while there are signs of life. */
export const repairing = activitiesOn('jobs', {
  ...{ startToCloseTimeout: '6h', heartbeatTimeout: '20s', retry: RETRY_OPTIONS.patient },
});
