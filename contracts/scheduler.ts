// Which finished rollouts are trained on, and how many may be under way: the settings of a scheduler, and the durable records
// that its state is derived from. A rollout is named by its position in the queue, which is given once and never again.
import { z } from 'zod';

const count = z.int().min(1);
const common = {
  batch: count.describe('Rollouts of one training step.'),
  concurrency: count.optional().describe('Rollouts that run at once, at most; no bound of its own when left out.'),
  timeoutSeconds: z
    .number()
    .positive()
    .optional()
    .describe('A rollout that has not ended after this long counts as hung; none does when left out.'),
};
const outstanding = count.describe('Rollouts started and not yet trained on or given up, at most: N.');
const holdsBatch = {
  path: ['outstanding'],
  message: 'at least the batch, or no batch could ever fill',
};

export const schedulerSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('synchronous'), ...common }),
  z
    .strictObject({
      kind: z.literal('position-window'),
      ...common,
      outstanding,
      window: count.describe('Positions from the oldest unfinished one on that may be trained on: W.'),
    })
    .refine((s) => s.outstanding >= s.batch, holdsBatch),
  z
    .strictObject({
      kind: z.literal('age-window'),
      ...common,
      outstanding,
      maxAge: z.int().min(0).describe('Versions that a rollout may be old when it is trained on.'),
    })
    .refine((s) => s.outstanding >= s.batch, holdsBatch),
  z.strictObject({
    kind: z.literal('admission-budget'),
    ...common,
    eta: z
      .number()
      .min(0)
      .describe('Batches started ahead of the trainer, at most; η, or τ where it is no whole number.'),
  }),
]);
export type SchedulerSpec = z.infer<typeof schedulerSpec>;
export type SchedulerKind = SchedulerSpec['kind'];

/** running, ready, failed and hung are on their way; training is taken by a step; the last three are ends, and final. */
export const rolloutState = z.enum([
  'running',
  'ready',
  'failed',
  'hung',
  'training',
  'trained',
  'tombstoned',
  'expired',
]);
export type RolloutState = z.infer<typeof rolloutState>;

/** What is durable of one started rollout. */
export const rolloutRecord = z.strictObject({
  position: z.int().nonnegative(),
  state: rolloutState,
  /** The newest durable version when it started: what its staleness counts from, whatever weights its later tokens had. */
  version: z.int().nonnegative(),
  /** Seconds, on the clock that the driver records with. */
  startedAt: z.number(),
  /** Tokens, once known; of a rollout that was given up, those until then. */
  length: z.number().nonnegative().optional(),
  /** Of what was taken by a training step. */
  taken: z
    .strictObject({
      /** The newest durable version when it was taken. */
      version: z.int().nonnegative(),
      /** How many rollouts had been taken before it, ever. */
      order: z.int().nonnegative(),
      /** How far ahead of the oldest one not yet taken or given up. */
      disorder: z.int().nonnegative(),
    })
    .optional(),
});
export type RolloutRecord = z.infer<typeof rolloutRecord>;

/** The oldest positions, all of which have ended, and how many of them were trained on: so much is enough to go on without their records. */
export const settledPositions = z.strictObject({ positions: z.int().nonnegative(), trained: z.int().nonnegative() });
export type SettledPositions = z.infer<typeof settledPositions>;

/** Everything a scheduler knows: what is not in here it does not know. */
export const schedulerRecords = z.strictObject({
  /** Positions given out; those without a record wait to be started. */
  enqueued: z.int().nonnegative(),
  /** The newest durable version. */
  version: z.int().nonnegative(),
  /** Nothing more will be enqueued. */
  closed: z.boolean(),
  /** Positions before these have no records any more. */
  settled: settledPositions.optional(),
  /** In any order. */
  rollouts: z.array(rolloutRecord),
});
export type SchedulerRecords = z.infer<typeof schedulerRecords>;
