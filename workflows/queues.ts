// Activities by the queue whose workers run them. A worker registers exactly these (worker/main.ts), so that the compiler finds what a
// workflow would ask of the wrong queue.
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { QueueActivities } from '../activities/interface.ts';
import { QUEUES } from '../contracts/names.ts';

type Options = Omit<ActivityOptions, 'taskQueue'>;

export const activitiesOn = <Queue extends keyof QueueActivities>(queue: Queue, options: Options) =>
  proxyActivities<QueueActivities[Queue]>({ ...options, taskQueue: QUEUES[queue] });
