// What is read of the cluster's objects: parsed at this edge, since any controller may have written them. Unknown members
// are ignored, missing ones have the API's defaults.
import { z } from 'zod';

/** The server writes null for a time that is not set. */
const time = z
  .string()
  .nullish()
  .transform((at) => at ?? undefined);
const metadata = z.object({
  name: z.string(),
  uid: z.string().default(''),
  namespace: z.string().optional(),
  resourceVersion: z.string().default(''),
  creationTimestamp: time,
  deletionTimestamp: time,
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
  lastTransitionTime: time,
});
export type Condition = z.infer<typeof condition>;

/** A Job or a JobSet: both tell by conditions how they ended. */
export const workload = z.object({
  kind: z.string().optional(),
  metadata,
  spec: z.object({ suspend: z.boolean().default(false) }).prefault({}),
  status: z.object({ conditions: z.array(condition).default([]) }).prefault({}),
});
export type Workload = z.infer<typeof workload>;

/** What Kueue calls a Workload: what a queue knows of a job. Its name here is another, since a job is a workload already. */
export const queueEntry = z.object({
  metadata,
  spec: z.object({ queueName: z.string().default('') }).prefault({}),
  status: z
    .object({
      conditions: z.array(condition).default([]),
      admission: z.object({ clusterQueue: z.string().default('') }).nullish(),
      requeueState: z.object({ requeueAt: time }).nullish(),
      unhealthyNodes: z.array(z.object({ name: z.string() })).default([]),
    })
    .prefault({}),
});
export type QueueEntry = z.infer<typeof queueEntry>;

const terminated = z.object({
  exitCode: z.int(),
  reason: z.string().default(''),
  message: z.string().default(''),
  finishedAt: time,
});
const containerStatus = z.object({
  name: z.string(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
      running: z.object({ startedAt: time }).optional(),
      terminated: terminated.optional(),
    })
    .prefault({}),
});
export const pod = z.object({
  metadata,
  spec: z
    .object({
      nodeName: z.string().optional(),
      schedulingGates: z.array(z.object({ name: z.string() })).default([]),
    })
    .prefault({}),
  status: z
    .object({
      phase: z.string().default('Pending'),
      reason: z.string().default(''),
      message: z.string().default(''),
      startTime: time,
      podIP: z.string().optional(),
      conditions: z.array(condition).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});
export type Pod = z.infer<typeof pod>;

export const networkPolicy = z.object({
  metadata,
  spec: z.object({
    podSelector: z
      .object({
        matchLabels: z.record(z.string(), z.string()).default({}),
        matchExpressions: z.array(z.unknown()).default([]),
      })
      .prefault({}),
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])).default([]),
  }),
});
export type NetworkPolicy = z.infer<typeof networkPolicy>;

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    metadata: z.object({ resourceVersion: z.string().default(''), continue: z.string().optional() }).prefault({}),
    items: z.array(item),
  });
