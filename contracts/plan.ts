// What a stage is going to do, written down before it is done: the workflow's side of the conservation check.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { plannedHarness } from './harness.ts';
import { campaignName, purpose, rolloutId, taskId } from './ids.ts';
import { policyVersion } from './policy-version.ts';
import { split } from './task.ts';

export const plannedRollout = z.strictObject({
  id: rolloutId,
  /** Rollouts of one group share a task; the group is the reward's baseline. */
  group: z.string(),
  task: taskId,
  seed: z.int().nonnegative(),
});
export type PlannedRollout = z.infer<typeof plannedRollout>;

export const rolloutPlan = z.strictObject({
  schema: z.literal('anneal/plan/v1'),
  campaign: campaignName,
  round: z.int().nonnegative(),
  purpose,
  split,
  policy: policyVersion,
  /** Of a round whose rollouts began with several versions: those of them that are not `policy`. Each rollout's id names its own. */
  sampledBy: z.array(policyVersion).optional(),
  tasks: artifactRef,
  harness: plannedHarness,
  reward: z.strictObject({
    ...{ correctness: z.number(), partial: z.number(), format: z.number() },
    ...{ process: z.number().optional(), speed: z.number().optional() },
  }),
  timeoutMs: z.number(),
  /** Departures from the rule that tasks are drawn by, for the report. Left out when there are none. */
  notes: z.array(z.string()).optional(),
  rollouts: z.array(plannedRollout),
});
export type RolloutPlan = z.infer<typeof rolloutPlan>;

/** What workflows pass on instead of the plan itself. */
export const planHandle = z.strictObject({
  plan: artifactRef,
  rollouts: z.int().nonnegative(),
  /** The plan lists its rollouts group by group, each of this many. */
  groupSize: z.int().positive(),
});
export type PlanHandle = z.infer<typeof planHandle>;
