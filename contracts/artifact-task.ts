// A task whose answer is one or more files: any format but the single Python function of contracts/task.ts.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { taskId } from './ids.ts';
import { artifactFormat, verifierRef } from './judgement.ts';

/** Relative, without `..`, in characters that every file system takes alike. */
export const relativePath = z
  .string()
  .min(1)
  .max(240)
  .regex(/^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._@+-]+(\/[A-Za-z0-9._@+-]+)*$/, 'a relative path without . or ..');

/** 64 MiB: what a judgement holds in memory. */
export const MOST_ARTIFACT_BYTES = 64 * 2 ** 20;

/** What may be handed in. Whatever else lies around after a rollout is not looked at. */
export const deliverable = z.strictObject({
  /** A file, or a folder when it ends in `/`. */
  path: z.string().regex(/^[^/].*$/, 'a relative path'),
  maxBytes: z.int().positive().max(MOST_ARTIFACT_BYTES),
  required: z.boolean().default(true),
});
export type Deliverable = z.infer<typeof deliverable>;

export const artifactTask = z.strictObject({
  schema: z.literal('anneal/artifact-task/v1'),
  id: taskId,
  /** What it comes from: splits and statistical clusters go by it. */
  family: z.string().min(1),
  /** What it exercises, for example `swe/python`: comparisons with round 0 go by it. */
  capability: z.string().min(1),
  instruction: z.string().min(1),
  format: artifactFormat,
  verifier: verifierRef,
  deliverables: z.array(deliverable).min(1),
  /** Files that the policy is given, by path. */
  given: z.record(relativePath, artifactRef),
  /** The root file system that the task runs on, a tar by its content; null: the machine's own programs. */
  environment: artifactRef.nullable(),
  /** Known to the grader only: read by the verifier's own schema. */
  check: z.json(),
  /** Known to the grader only: files that must be rewarded. */
  gold: z.record(relativePath, artifactRef),
  /** What a rollout usually takes inside its episode, seconds; null: speed is not rewarded. */
  baselineSeconds: z.number().positive().nullable(),
  /** A text that occurs nowhere else: found in an answer, a prompt or a skill it tells of a leak. */
  canary: z.string().min(16),
  source: z.strictObject({ kind: z.string().min(1), name: z.string().min(1), licence: z.string().min(1) }),
});
export type ArtifactTask = z.infer<typeof artifactTask>;
