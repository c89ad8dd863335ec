// The output of `anneal simulate`, and what a real run has to have recorded to be held against it.
import { z } from 'zod';
import { schedulerSpec } from './scheduler.ts';

const spread = z.strictObject({ mean: z.number(), p50: z.number(), p95: z.number(), max: z.number() });
const total = z.number().min(0);
const share = z
  .number()
  .min(0)
  .max(1 + 1e-9);

/** One training step. Seconds since the run began. */
export const timelineStep = z.strictObject({
  /** The version that it leads to, from 1. */
  version: z.int().positive(),
  /** Its batch was there; it began. */
  takenAt: total,
  trainedAt: total,
  /** Engines have its weights. */
  durableAt: total,
  rollouts: z.int().nonnegative(),
  /** That the model wrote in them. */
  tokens: total,
  /** Mean versions that they were old. */
  staleness: total,
});
export type TimelineStep = z.infer<typeof timelineStep>;

export const timeline = z.strictObject({ steps: z.array(timelineStep).min(1) });
export type Timeline = z.infer<typeof timeline>;

/** Shares of its time; they sum to 1. */
const trainerTime = z.strictObject({ training: share, syncing: share, waiting: share, recovering: share });
const engineTime = z.strictObject({ generating: share, paused: share, empty: share, down: share });

const split = z.strictObject({
  devices: z.int().positive(),
  /** Undefined: the same devices, by turns. */
  trainerShare: z.number().optional(),
  label: z.string(),
});

export const prediction = split.extend({
  kind: z.literal('predicted'),
  trainerDevices: z.int(),
  engines: z.int(),
  /** Too few for one more engine, and paid for. */
  unusedDevices: z.int(),
  scheduler: schedulerSpec,
  seconds: total,
  perSecond: z.strictObject({ steps: total, trainedRollouts: total, trainedTokens: total, generatedTokens: total }),
  trainer: trainerTime,
  engine: engineTime,
  /** Share of the slots that hold a sequence while engines generate. */
  slotsUsed: share,
  /** Share of all devices' time in which they neither generate nor train. */
  idle: share,
  staleness: spread,
  /** Rollouts by how many versions old they were. */
  stalenessHistogram: z.array(z.int()),
  lag: spread,
  disorder: spread,
  overtaken: spread,
  lengthBias: z.number(),
  rollouts: z.strictObject({
    ...{ started: total, trained: total, tombstoned: total, expired: total, open: total },
  }),
  /** generated = trained + wasted + open. */
  tokens: z.strictObject({ generated: total, trained: total, wasted: total, open: total }),
  cost: z.strictObject({ usd: total, usdPerStep: total, usdPerMillionTrainedTokens: total }).optional(),
  /** Outside of the limits that the input sets, so that it cannot be the best. */
  beyond: z.array(z.string()),
  /** The fastest of its fleet within the limits. */
  best: z.boolean(),
  steps: z.array(timelineStep),
});
export type Prediction = z.infer<typeof prediction>;

/** A combination that cannot run. */
export const impossible = split.extend({ kind: z.literal('impossible'), reason: z.string() });
export type Impossible = z.infer<typeof impossible>;

export const simulationResult = z.strictObject({
  schema: z.literal('anneal/simulation/v1'),
  name: z.string(),
  seed: z.int(),
  /** Figures of the input that nobody measured, by field. */
  assumptions: z.array(z.string()),
  predictions: z.array(z.discriminatedUnion('kind', [prediction, impossible])),
});
export type SimulationResult = z.infer<typeof simulationResult>;
