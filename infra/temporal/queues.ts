// The worker options of each task queue, from the table of slots.
import type { WorkerOptions } from '@temporalio/worker';
import { z } from 'zod';
import { QUEUES } from '../../contracts/names.ts';
import { DEFAULT_SLOTS, type QueueName, type QueueSlots } from '../../contracts/queues.ts';

const slots = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'a whole number from 1 to 9999')
  .transform(Number)
  .optional();

/** For the variables of `infra/config.ts`. */
export const slotVariables = {
  /** Activities that a worker runs at once, a queue; defaults in contracts/queues.ts. */
  ANNEAL_SLOTS_CONTROL: slots,
  ANNEAL_SLOTS_ROLLOUTS: slots,
  ANNEAL_SLOTS_JOBS: slots,
} as const;
const variables = z.object(slotVariables);

export type Slots = Readonly<Record<QueueName, QueueSlots>>;

export function slotsOf(set: z.infer<typeof variables>): Slots {
  const of = (name: QueueName, activities: number | undefined): QueueSlots => ({
    ...DEFAULT_SLOTS[name],
    ...(activities !== undefined && { activities }),
  });
  return {
    control: of('control', set.ANNEAL_SLOTS_CONTROL),
    rollouts: of('rollouts', set.ANNEAL_SLOTS_ROLLOUTS),
    jobs: of('jobs', set.ANNEAL_SLOTS_JOBS),
  };
}

type QueueOptions = Pick<
  WorkerOptions,
  'taskQueue' | 'maxConcurrentActivityTaskExecutions' | 'maxConcurrentWorkflowTaskExecutions'
>;

/** To spread into `Worker.create`. */
export function queueOptions(name: QueueName, slots: Slots): QueueOptions {
  const { activities, workflowTasks } = slots[name];
  return {
    taskQueue: QUEUES[name],
    maxConcurrentActivityTaskExecutions: activities,
    ...(workflowTasks > 0 && { maxConcurrentWorkflowTaskExecutions: workflowTasks }),
  };
}
