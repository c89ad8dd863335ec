// Policy versions and the measurements that verdicts rest on.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { campaignName, policyName, sha256 } from './ids.ts';
import { weightTag } from './weight-update.ts';

/** One exact set of weights, and the manifest that says where they are. */
export const policyWeights = z.strictObject({ tag: weightTag, manifest: artifactRef });
export type PolicyWeights = z.infer<typeof policyWeights>;

/** Base model plus adapter, or a model of its own; numbered by campaign. Version 0 is the base model itself. */
export const policyVersion = z.strictObject({
  campaign: campaignName,
  number: z.int().nonnegative(),
  name: policyName,
  base: z.string(),
  /** The version it was trained from; null for version 0. */
  parent: z.int().nullable(),
  adapter: artifactRef.nullable(),
  adapterGguf: artifactRef.nullable(),
  optimizer: artifactRef.nullable(),
  /** Where all weights are trained and served: those of this version. Then there is no adapter. */
  weights: policyWeights.optional(),
});
export type PolicyVersion = z.infer<typeof policyVersion>;

/** A proportion with its interval; `n` counts rollouts, `clusters` the functions they are clustered by. */
export const estimate = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  n: z.int().nonnegative(),
  clusters: z.int().nonnegative(),
});
export type Estimate = z.infer<typeof estimate>;

/** One policy version on one split. */
export const evaluationResult = z.strictObject({
  policy: policyName,
  split: z.enum(['visible', 'gate', 'sealed']),
  passRate: estimate,
  formatRate: estimate,
  /** Correct among well-formed. */
  correctWhenFormatted: estimate,
  meanReward: estimate,
  /** Difference to version 0 on the same tasks, paired by task, clustered by function; absent for version 0 itself. */
  gain: estimate.optional(),
  masked: z.int(),
  /** Rollouts that raised an alarm, with their reward or without; absent where none did. */
  alarms: z.int().positive().optional(),
  tokens: z.int(),
  /** Per-task pass counts, for paired comparison later. */
  perTask: artifactRef,
  root: sha256,
});
export type EvaluationResult = z.infer<typeof evaluationResult>;

export const verdict = z.enum(['promote', 'hold', 'revert', 'ask']);
export type Verdict = z.infer<typeof verdict>;
