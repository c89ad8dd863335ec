// Which line of a rollout a request belongs to, and what an agent says that it did with its context between two requests.
import { z } from 'zod';
import { campaignName, completionId, rolloutId, sha256 } from './ids.ts';

/** A line of requests within a rollout: a sub-agent's own. The rollout's main line has no name. */
export const agentName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots, dashes and underscores; at most 64 characters')
  .brand<'AgentName'>();
export type AgentName = z.infer<typeof agentName>;

/** Which attempt at the rollout this is, from 0. */
export const attemptNumber = z.int().min(0).max(9_999);

export const turnSession = z.strictObject({
  /** Of the rollout's id, so that whoever groups records need not take it apart. */
  group: z.int().nonnegative(),
  attempt: attemptNumber,
  /** Absent on the main line. */
  agent: agentName.optional(),
});
export type TurnSession = z.infer<typeof turnSession>;

/**
 * `truncate`: messages were left out. `summarise`: some were replaced by a summary. `note`: something was written down or put in.
 * `rewrite`: some were changed in place. `fork`: what comes goes on from an earlier point. `sub-agent-start`, `sub-agent-end`: a line of
 * its own began (its name in `child`), or its result came back.
 */
export const contextKind = z.enum([
  'truncate',
  'summarise',
  'note',
  'rewrite',
  'fork',
  'sub-agent-start',
  'sub-agent-end',
]);
export type ContextKind = z.infer<typeof contextKind>;

/** What an agent posts to `/v1/anneal/context`. */
export const contextRequest = z.strictObject({
  /** The agent's own: the same one again is the same operation. */
  key: z.string().regex(/^[\x21-\x7e]{1,128}$/, 'visible ASCII without spaces; at most 128 characters'),
  kind: contextKind,
  /** Completions that it is about, as `x-anneal-completion` named them: what was summarised, where the fork begins. */
  completions: z.array(completionId).max(256).default([]),
  /** Of `sub-agent-start` and `sub-agent-end`. */
  child: agentName.optional(),
  /** For whoever reads it: the summary, why it was done. */
  note: z.string().max(4_096).optional(),
});
export type ContextRequest = z.infer<typeof contextRequest>;

export const contextOperation = z.strictObject({
  schema: z.literal('anneal/context-operation/v1'),
  /** `<rollout>/o<number>` */
  id: z.string().min(1).max(300),
  rollout: rolloutId,
  campaign: campaignName,
  session: turnSession,
  ...contextRequest.shape,
  completions: z.array(completionId).max(256),
  /** What stands in a secret's place may be longer than the secret. */
  note: z.string().max(32_768).optional(),
  /** Secrets were taken out of its texts. */
  redacted: z.strictObject({ secrets: z.int().positive(), kinds: z.array(z.string()).min(1) }).optional(),
  /** Of what was asked, as it came. */
  requestHash: sha256,
  /** The index that the rollout's next request would have had: it explains what comes from there on. */
  next: z.int().nonnegative(),
  recordedAt: z.iso.datetime(),
});
export type ContextOperation = z.infer<typeof contextOperation>;
