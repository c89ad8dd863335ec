// What a rollout of several steps leaves behind, so that it can be judged, and judged again, when nothing of it runs any more.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { relativePath } from './artifact-task.ts';
import { type CampaignName, completionId, type RolloutId, rolloutId } from './ids.ts';
import { operationId } from './session.ts';

/**
 * What the harness knows of an operation besides what the gateway keeps of it (contracts/session.ts). truncate: results of tools were cut; summarise: the beginning was replaced by the model's own summary; note: something was written
 * down in a file that outlives both; load: a tool was found and loaded; delegate: a sub-agent with a context of its own.
 */
export const contextAction = z.strictObject({
  kind: z.enum(['truncate', 'summarise', 'note', 'load', 'delegate']),
  /** `main`, or the sub-agent that did it: `main.1`, `main.1.2`. */
  agent: z.string().regex(/^main(\.\d+)*$/),
  /** Before which request of this agent, from 0. */
  turn: z.int().nonnegative(),
  why: z.string(),
  /** Of the messages, in bytes. */
  before: z.int().nonnegative(),
  after: z.int().nonnegative(),
  detail: z.string().optional(),
  /** As the gateway keeps it, where it changed what the model sees: of a sub-agent its beginning and its end. Absent in older records. */
  operations: z.array(operationId).min(1).max(2).optional(),
});
export type ContextAction = z.infer<typeof contextAction>;

/** Why it ended. All of these are the policy's doing, and are judged by what lies in the workspace. */
export const episodeEnd = z.enum([
  /** It said that it was done. */
  'submitted',
  /** The agent's process ended by itself. */
  'exited',
  'turns',
  'requests',
  'tokens',
  'time',
  /** It did more to its contexts than is recorded of a rollout. */
  'operations',
  /** It did the same again and again. */
  'loop',
  /** It called no tool, however often it was told to. */
  'no_call',
  /** Its last prompt was longer than the model takes. */
  'context',
]);
export type EpisodeEnd = z.infer<typeof episodeEnd>;

export const episodeTurn = z.strictObject({
  agent: z.string(),
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  calls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })).optional(),
  /** Of the model or of the tool. */
  seconds: z.number().nonnegative().optional(),
  completion: completionId.optional(),
});
export type EpisodeTurn = z.infer<typeof episodeTurn>;

/** What was said and done, in the order of events. Of somebody else's agent: its output. */
export const episodeTranscript = z.strictObject({
  schema: z.literal('anneal/episode-transcript/v1'),
  turns: z.array(episodeTurn),
  /** JSON Schemas of the tools' arguments. */
  tools: z.record(z.string(), z.json()),
});
export type EpisodeTranscript = z.infer<typeof episodeTranscript>;

export const episodeRecord = z.strictObject({
  schema: z.literal('anneal/episode/v1'),
  rollout: rolloutId,
  harness: z.enum(['tool-loop', 'process']),
  end: episodeEnd,
  /** Of a process; null where it was killed. */
  exitCode: z.int().nullable().optional(),
  /** Of this attempt alone, in the order of asking; those of attempts before it stay in the pool and train nothing. */
  completions: z.array(completionId),
  /** What it handed in. */
  files: z.record(relativePath, artifactRef),
  /** Declared files that could not be taken. */
  refused: z.array(z.strictObject({ path: z.string(), why: z.string() })),
  transcript: artifactRef,
  actions: z.array(contextAction),
  requests: z.int().nonnegative(),
  tokens: z.strictObject({ prompt: z.int(), completion: z.int() }),
  seconds: z.number().nonnegative(),
});
export type EpisodeRecord = z.infer<typeof episodeRecord>;

/** The store's name of the one attempt at a rollout that counts: whichever was written down first. */
export const episodeName = (campaign: CampaignName, rollout: RolloutId): string =>
  `campaigns/${campaign}/episodes/${rollout.slice(campaign.length + 1)}`;
