// Completions, outcomes, rewards and trajectories: the data plane's records.
import { z } from 'zod';
import { alarm } from './alarm.ts';
import { artifactRef, held } from './artifact.ts';
import { campaignName, completionId, policyName, purpose, rolloutId, sha256, taskId } from './ids.ts';
import { attemptNumber, loopRule, versionRule } from './session.ts';
import { split } from './task.ts';
import { turnRecord } from './turn.ts';
import { weightTag } from './weight-update.ts';

/**
 * Only `success` and `policy_failure` train. Everything else masks the sample: an infrastructure failure is never reward 0, and what a
 * detector found going for its reward (`integrity_alarm`) gets neither the reward nor a lesson in hiding.
 */
export const outcome = z.enum([
  'success',
  'policy_failure',
  'infrastructure_failure',
  'verifier_failure',
  'integrity_alarm',
  'cancelled',
  'unknown',
]);
export type Outcome = z.infer<typeof outcome>;

export const TRAINABLE: ReadonlySet<Outcome> = new Set(['success', 'policy_failure']);

/** What the gateway makes durable before it answers. */
export const completionRecord = z.strictObject({
  schema: z.literal('anneal/completion/v1'),
  id: completionId,
  rollout: rolloutId,
  campaign: campaignName,
  /** Which request of the rollout, from 0. The same request, sent again, gets the recorded answer. */
  index: z.int().nonnegative(),
  requestHash: sha256,
  /** The policy that the server says it answered with. */
  policy: policyName,
  /** Whether token ids are the engine's own. `text-only` records never train. */
  fidelity: z.enum(['token-exact', 'text-only']),
  messages: z.array(z.strictObject({ role: z.string(), content: z.string() })),
  sampling: z.strictObject({ temperature: z.number(), maxTokens: z.int(), seed: z.int().optional() }),
  promptIds: z.array(z.int()),
  completionIds: z.array(z.int()),
  /** Natural-log probability of each completion token under the sampling distribution; same length as completionIds. */
  logprobs: z.array(z.number()),
  text: z.string(),
  finish: z.enum(['stop', 'length', 'aborted', 'error']),
  /** The weights that the server said it computed with, before and after, where it knows them. */
  weights: weightTag.optional(),
  /** The experts that each token went through, where the server tells them: base64 of a .npy file. */
  routing: artifactRef.optional(),
  /** Set when finish is `error`: the record stands for a request that has no usable answer. */
  error: z.string().optional(),
  /** Of an agent's request in one of the vendors' dialects: `messages` is empty then, and `sampling` has 0 where no bound was set. */
  turn: turnRecord.optional(),
  /** Secrets were taken out of its texts: its token ids, which spell them, went with them. */
  redacted: z
    .strictObject({
      secrets: z.int().positive(),
      kinds: z.array(z.string()).min(1),
      /** How many there were: budgets count them. */
      completionTokens: z.int().nonnegative(),
    })
    .optional(),
  startedAt: z.iso.datetime(),
  milliseconds: z.number().nonnegative(),
});
export type CompletionRecord = z.infer<typeof completionRecord>;

/** A reward with everything needed to check it. It carries no time, so that a second grading is byte-identical. */
export const reward = z.strictObject({
  total: z.number(),
  components: z.strictObject({
    /** 1 when the reply is exactly one code block that defines the entry point, else 0. Of an artifact: exactly in its form. */
    format: z.number().min(0).max(1),
    /** 1 when a code block was found and every case is right, else 0. Of an artifact: every gate passed, every outcome full. */
    correctness: z.number().min(0).max(1),
    /** Share of right cases. Of an artifact: the mean of its outcome components, 0 where a gate failed. */
    partial: z.number().min(0).max(1),
    /** Of artifacts only: the means of the process and the speed components, where there are any. */
    process: z.number().min(0).max(1).optional(),
    speed: z.number().min(0).max(1).optional(),
  }),
  verifier: z.strictObject({ name: z.string(), version: z.int() }),
  evidence: held,
});
export type Reward = z.infer<typeof reward>;

export const trajectory = z.strictObject({
  schema: z.literal('anneal/trajectory/v1'),
  rollout: rolloutId,
  campaign: campaignName,
  round: z.int().nonnegative(),
  purpose,
  split,
  task: taskId,
  family: z.string(),
  /** Absent where tasks name none: policies/capability.ts derives it. */
  capability: z.string().optional(),
  policy: policyName,
  completions: z.array(completionId),
  outcome,
  /** Why, when the outcome is neither success nor policy failure. */
  reason: z.string().optional(),
  artifact: held.optional(),
  /** Of a rollout of several steps: what it left behind (contracts/episode.ts). */
  episode: artifactRef.optional(),
  reward: reward.optional(),
  /** Absent where no detector saw anything. */
  alarms: z.array(alarm).min(1).optional(),
  tokens: z.strictObject({ prompt: z.int(), completion: z.int() }),
});
export type Trajectory = z.infer<typeof trajectory>;

/** What the gateway's credential says; signed with the gateway's secret, so that replicas share nothing else. */
export const credentialClaims = z.strictObject({
  v: z.literal(1),
  scope: z.enum(['rollout', 'pool']),
  campaign: campaignName,
  /** For scope `rollout`. */
  rollout: rolloutId.optional(),
  policy: policyName.optional(),
  maxRequests: z.int().positive().optional(),
  maxTokens: z.int().positive().optional(),
  /** From the rollout's first request on; what is being answered then is broken off. */
  maxSeconds: z.number().positive().optional(),
  /** Operations on contexts that are recorded of the rollout, those of attempts before this one among them; 2,000 unless given. */
  maxOperations: z.int().positive().optional(),
  /** Which attempt at the rollout it is for; without it, requests say so themselves. */
  attempt: attemptNumber.optional(),
  /** What becomes of a rollout that goes round in circles: it is only told (default), refused when it goes on, or refused at once. */
  loops: loopRule.optional(),
  /** `pinned` (default): answered by the policy alone. `latest`: by the newest version of its campaign that is served. */
  versions: versionRule.optional(),
  /** Unix seconds. */
  expires: z.int(),
});
export type CredentialClaims = z.infer<typeof credentialClaims>;
