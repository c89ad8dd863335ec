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

/** What becomes of a rollout that goes round in circles: its record tells of it; its agent is told too, and refused when it goes on; it is refused at once. */
export const loopRule = z.enum(['tell', 'warn', 'stop']);
export type LoopRule = z.infer<typeof loopRule>;

/** Who answers: the version that the rollout began with, or the newest of its campaign that is served. */
export const versionRule = z.enum(['pinned', 'latest']);

/** What the gateway holds each rollout of a campaign to, as its spec says. Optional, not filled in: a campaign from before them keeps its hash. */
export const sessionRules = z.strictObject({
  loops: loopRule
    .optional()
    .describe(
      'What becomes of an agent that goes round in circles: tell, its records say so; warn, it is told, and refused when it goes on; stop, it is refused. warn with tool-loop, else tell.',
    ),
  maxSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('From its first request on, an attempt may ask for so long. No bound unless given but rollouts.timeout.'),
  versions: versionRule
    .optional()
    .describe(
      'pinned unless given: answered by the version that it began with. latest, beside `pipeline`: by the newest that is served. Training alone; what is measured is pinned.',
    ),
});
export type SessionRules = z.infer<typeof sessionRules>;

/**
 * An agent's own account of its last steps, newest last: a fingerprint of each, of what it did and what came back. For agents whose calls
 * stand in texts, where nobody else knows them from talk.
 */
export const STEPS_HEADER = 'x-anneal-steps';
export const toldSteps = z
  .string()
  .regex(
    /^[0-9a-f]{8,64}( [0-9a-f]{8,64}){0,31}$/,
    '1 to 32 fingerprints, newest last: 8 to 64 hexadecimal digits each, a space between',
  );

/** With the answer to a request whose agent goes round in circles: the signal (`loopSignal`), as JSON. */
export const LOOP_HEADER = 'x-anneal-loop';

/**
 * Why a completion does not go on where its line was. `compaction`: messages were left out or summarised. `rewrite`: some were changed in
 * place. `branch`: it goes on from an earlier point, or asks the same again. `sub-agent`: a conversation of its own. `re-tokenisation`: the
 * same text came back in other tokens. `template`: the same messages were rendered otherwise. `unknown`: its tokens are not known, or
 * nothing of the above.
 */
export const breakReason = z.enum([
  'compaction',
  'rewrite',
  'branch',
  'sub-agent',
  're-tokenisation',
  'template',
  'unknown',
]);
export type BreakReason = z.infer<typeof breakReason>;

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

/** What a rollout may register unless its credential says otherwise: an agent that compacts with every request still has room. */
export const MOST_OPERATIONS = 2_000;

/**
 * Which of a rollout's bounds is met: with each refusal as `gateway.budget_exhausted`, in `param`, where the vendors' errors name what they are
 * about, and in `error_param` where they name nothing.
 */
export const boundMet = z.enum(['requests', 'tokens', 'time', 'operations']);
export type BoundMet = z.infer<typeof boundMet>;

/** `<rollout>/o<number>` */
export const operationId = z.string().min(1).max(300);

export const contextOperation = z.strictObject({
  schema: z.literal('anneal/context-operation/v1'),
  id: operationId,
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
