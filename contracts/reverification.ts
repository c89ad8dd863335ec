// Stored rollouts judged once more, by another version of their verifier or by the same: what was recorded stays as it is.
import { z } from 'zod';
import { campaignName, policyName, purpose, rolloutId, taskId } from './ids.ts';
import { verifierRef } from './judgement.ts';
import { madeWith } from './made-with.ts';
import { outcome, reward } from './trajectory.ts';

const judged = z.strictObject({
  outcome,
  /** Absent where there was no verdict. */
  reward: reward.optional(),
});

export const reverifiedRollout = z.strictObject({
  rollout: rolloutId,
  task: taskId,
  round: z.int().nonnegative(),
  purpose,
  policy: policyName,
  before: judged,
  after: judged,
  /**
   * same: byte-identical but for the verifier's version; changed: another outcome or reward; unjudged: no verdict this time, or none
   * before.
   */
  difference: z.enum(['same', 'changed', 'unjudged']),
});
export type ReverifiedRollout = z.infer<typeof reverifiedRollout>;

export const reverification = z.strictObject({
  schema: z.literal('anneal/reverification/v1'),
  campaign: campaignName,
  verifier: verifierRef,
  /** Sorted by rollout. */
  rollouts: z.array(reverifiedRollout),
  /** Where and with what it was judged again; of findings from before nobody knows. */
  made: madeWith.optional(),
  /** What cannot be judged again, and why: no completion is stored, or its task is not in the set. */
  left: z.array(z.strictObject({ rollout: rolloutId, why: z.string() })),
});
export type Reverification = z.infer<typeof reverification>;

/** `campaigns/<name>/reverified/<verifier>.v<version>/<hash>`: the same findings have the same name, others stand beside them. */
export const reverificationName = (of: Reverification, hash: string): string =>
  `campaigns/${of.campaign}/reverified/${of.verifier.name}.v${of.verifier.version}/${hash}`;
