// Certified promotion: what a campaign asks of it, what its state carries from round to round, what each look leaves on record.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { sha256 } from './ids.ts';
import { evaluationResult } from './policy-version.ts';
import { fraction } from './units.ts';

export const certifiedSpec = z.strictObject({
  evidence: z
    .enum(['signs', 'wealth'])
    .default('signs')
    .describe(
      'signs: the exact test of signs over families. wealth: e-values, which also hold where small gains hide rare whole losses, and take about twice the families.',
    ),
  alpha: z
    .number()
    .positive()
    .max(0.5)
    .default(0.05)
    .describe('Chance of any false promotion in the whole campaign, spent over its looks.'),
  gain: z
    .number()
    .positive()
    .max(1)
    .default(0.1)
    .describe('The gain that the campaign hopes to find: where the set is too small to certify it, that is said.'),
  maxMissing: fraction
    .default(0.05)
    .describe('Share of gate tasks that may lack a result; beyond it nothing is promoted or reverted.'),
  maxSliceDrop: fraction
    .default(0.15)
    .describe('A capability this far below version 0 is shown to a human where chance cannot be told from loss.'),
  falseBlock: z
    .number()
    .positive()
    .max(0.5)
    .default(0.1)
    .describe('Chance, each round, that any capability blocks promotion which did not change.'),
  gap: z
    .strictObject({
      tasks: z
        .int()
        .min(2)
        .max(2000)
        .default(40)
        .describe('Visible tasks, the same ones every round, that version 0 and each candidate are measured on.'),
      limit: fraction
        .default(0.05)
        .describe('Promotion is frozen once the visible gain is shown to exceed the gate gain by more.'),
      thawAfter: z.int().min(1).max(100).default(3).describe('Rounds in a row with a gap of at most the limit.'),
    })
    .nullable()
    .prefault({})
    .describe('The gap between visible and gate gain. null: it is not measured.'),
});
export type CertifiedSpec = z.infer<typeof certifiedSpec>;

export const noiseFloor = z.strictObject({
  /** Of the mean over families: 95% of differences between two evaluations of one version are no larger. */
  floor: z.number(),
  /** False when the two evaluations themselves differ by more than chance: something drifted between them. */
  steady: z.boolean(),
  why: z.string(),
});
export type NoiseFloor = z.infer<typeof noiseFloor>;

/** How the visible gap stands: what the next round's is judged with. */
export const gapProgress = z.strictObject({
  /** Rounds in a row with a gap of at most the limit. */
  calm: z.int().nonnegative(),
  /** The round that froze promotion; absent while it is not frozen. */
  since: z.int().positive().optional(),
});
export type GapProgress = z.infer<typeof gapProgress>;

/** Present from before round 1 in campaigns that promote by evidence. */
export const certifiedState = z.strictObject({
  /** Version 0 on the gate split a second time, with other seeds: an A/A comparison with the baseline. */
  again: evaluationResult,
  noise: noiseFloor,
  /** What gains a gate split of this size can certify, in one sentence. */
  size: z.string(),
  /** Version 0 on the fixed part of the visible split. */
  visible: evaluationResult.optional(),
  /** The best version, measured again after its promotion: it was promoted on lucky results. Absent while that is version 0. */
  best: z.strictObject({ version: z.int().positive(), result: evaluationResult }).optional(),
  /** Decisions made so far, whatever came of them; never counted anew. */
  looks: z.int().nonnegative(),
  /** Capabilities in doubt until they measure no lower than version 0. */
  flagged: z.array(z.string()),
  gap: gapProgress,
  /** What overlaps with the gate split although a human let it pass: asked about once. */
  accepted: sha256.optional(),
});
export type CertifiedState = z.infer<typeof certifiedState>;

/** One look at a candidate: the figures that its verdict rests on. */
export const look = z.strictObject({
  look: z.int().positive(),
  /** Gate pass rate, candidate − best, mean over tasks. */
  gain: z.number(),
  /** By the test of signs. */
  p: z.number(),
  /** What this look may spend, and what all looks have spent with it. */
  alpha: z.number(),
  spent: z.number(),
  /** Natural logarithm of the e-value of "no gain on average". */
  logE: z.number(),
  /** In doubt, the largest losses first, at most eight; the evidence has all. */
  slices: z.array(
    z.strictObject({
      capability: z.string(),
      finding: z.enum(['lost', 'flagged', 'large']),
      before: z.number(),
      after: z.number(),
    }),
  ),
  gap: z.strictObject({ value: z.number(), low: z.number(), high: z.number(), frozen: z.boolean() }).optional(),
  /** Everything that was judged, and by which rule. */
  evidence: artifactRef,
});
export type Look = z.infer<typeof look>;
