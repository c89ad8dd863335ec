// How training and rollouts of a campaign overlap: what its document says of it, and what is durable while it runs. The unit of a campaign's
// scheduler is a group, since a group's rewards are each other's baseline; its rollouts start, train and are given up together.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { campaignName } from './ids.ts';
import { rolloutRecord, schedulerSpec, settledPositions } from './scheduler.ts';
import { duration } from './units.ts';

const groups = z.int().min(1).max(2000);

/** A scheduler without what the campaign says elsewhere: the batch is a round's groups, concurrency and time-outs are its rollouts'. */
export const pipelineScheduler = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('synchronous') }),
  z.strictObject({
    kind: z.literal('position-window'),
    outstanding: groups.describe('Groups started and not yet trained on or given up, at most: N.'),
    window: groups.describe('Positions from the oldest unfinished one on that may be trained on: W.'),
  }),
  z.strictObject({
    kind: z.literal('age-window'),
    outstanding: groups.describe('Groups started and not yet trained on or given up, at most: N.'),
    maxAge: z.int().min(0).describe('Rounds that a group may be old when it is trained on.'),
  }),
  z.strictObject({
    kind: z.literal('admission-budget'),
    eta: z.number().min(0).max(100).describe('Batches started ahead of the trainer, at most: η.'),
  }),
]);

export const pipelineSpec = z.strictObject({
  mode: z.literal('async').describe('Rollouts go on while a round trains. Without `pipeline` they take turns.'),
  scheduler: pipelineScheduler,
  groupTimeout: duration
    .optional()
    .describe(
      'A group that has not ended after so long is given up. Unless given: three times what its rollouts may take.',
    ),
  replacements: z
    .int()
    .min(0)
    .max(2000)
    .optional()
    .describe(
      'Groups that are begun in place of lost ones, for each round at most; 0: none. Unless given: rollouts.groupsPerRound.',
    ),
});
export type PipelineSpec = z.infer<typeof pipelineSpec>;

/** Why a group was given up. reverted: its version was left behind; ended: the campaign had no more rounds for it. */
export const giveUpReason = z.enum(['failed', 'hung', 'expired', 'reverted', 'ended']);
export type GiveUpReason = z.infer<typeof giveUpReason>;

/** What is durable of one started group. Its times are on the driver's clock, `began` and `ended` on the wall's, in seconds. */
export const pipelineGroup = rolloutRecord.extend({
  /** The number of the version that all of its rollouts are sampled by. */
  policy: z.int().nonnegative(),
  /** Its plan; absent only until its start is recorded. */
  plan: artifactRef.optional(),
  rollouts: z.int().positive().optional(),
  began: z.number(),
  ended: z.number().optional(),
  /** Of one that was given up. */
  gaveUp: z.strictObject({ reason: giveUpReason, version: z.int().nonnegative() }).optional(),
});
export type PipelineGroup = z.infer<typeof pipelineGroup>;

const span = z.tuple([z.number(), z.number()]);
/** When a round's training and its measurement were at work, in seconds. */
export const roundSpans = z.strictObject({ round: z.int().positive(), training: span, measuring: span.optional() });
export type RoundSpans = z.infer<typeof roundSpans>;

/** What has ended, taken out of the record: a list that each part continues. */
export const pipelineArchive = z.strictObject({
  schema: z.literal('anneal/pipeline-archive/v1'),
  before: artifactRef.optional(),
  groups: z.array(pipelineGroup),
  spans: z.array(roundSpans),
});
export type PipelineArchive = z.infer<typeof pipelineArchive>;

export const pipelineStep = z.strictObject({ round: z.int().positive(), plan: artifactRef, rollouts: z.int() });
export type PipelineStep = z.infer<typeof pipelineStep>;

/** Everything that a campaign's scheduler goes by, under one name that is changed by compare-and-swap. */
export const pipelineRecord = z.strictObject({
  schema: z.literal('anneal/pipeline/v1'),
  campaign: campaignName,
  scheduler: schedulerSpec,
  /** Seconds that somebody was watching; a time-out does not run while nobody was. */
  clock: z.strictObject({ seconds: z.number().nonnegative(), seenAt: z.number() }),
  enqueued: z.int().nonnegative(),
  /** Absent where nothing that is lost is replaced: how many may be for each round, and how many of `enqueued` were. */
  replacements: z.strictObject({ perRound: z.int().nonnegative(), admitted: z.int().nonnegative() }).optional(),
  /** Rounds that are done. */
  version: z.int().nonnegative(),
  settled: settledPositions,
  groups: z.array(pipelineGroup),
  spans: z.array(roundSpans),
  /** What the round after `version` trains on, once that is decided. */
  step: pipelineStep.optional(),
  /** What round `version` trained on. Whoever has not saved that round, since it ended just before, plays it again. */
  previous: pipelineStep.optional(),
  archive: artifactRef.optional(),
});
export type PipelineRecord = z.infer<typeof pipelineRecord>;

/** How many groups are where; what `status` shows. */
export const pipelineCounts = z.strictObject({
  scheduler: z.string(),
  waiting: z.int(),
  running: z.int(),
  ready: z.int(),
  training: z.int(),
  trained: z.int(),
  givenUp: z.int(),
});
export type PipelineCounts = z.infer<typeof pipelineCounts>;

const spread = z.strictObject({ mean: z.number(), p50: z.number(), p95: z.number(), max: z.number() });
/** What a report says about it. */
export const pipelineSummary = z.strictObject({
  scheduler: schedulerSpec,
  /** The most rounds that anything may be old when it is trained on, by the scheduler's own rule. */
  bound: z.int().nonnegative(),
  started: z.int(),
  trained: z.int(),
  open: z.int(),
  givenUp: z.record(z.string(), z.int()),
  /** Groups that were begun in place of these. */
  replaced: z.int().nonnegative().optional(),
  staleness: spread,
  histogram: z.array(z.int()),
  lag: spread,
  disorder: spread,
  overtaken: spread,
  lengthBias: z.number(),
  /** From the first start to the last end, and of it the seconds in which a part had nothing to do. */
  seconds: z.number(),
  idle: z.strictObject({ engines: z.number(), trainer: z.number() }),
  /** Seconds in which a training and rollouts for training were both at work. */
  overlap: z.number(),
});
export type PipelineSummary = z.infer<typeof pipelineSummary>;
