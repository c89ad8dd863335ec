// The two kinds of task sets that a campaign can be locked to: functions of Python's standard library, and artifacts of any format.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { artifactSetLock, artifactSplit } from './artifact-set.ts';
import type { ArtifactTask } from './artifact-task.ts';
import { sha256 } from './ids.ts';
import { type Task, taskSetLock, taskSplit } from './task.ts';

export const lockedSet = z.discriminatedUnion('schema', [taskSetLock, artifactSetLock]);
export type LockedSet = z.infer<typeof lockedSet>;

export const lockedSplit = z.union([taskSplit, artifactSplit]);
export type LockedSplit = z.infer<typeof lockedSplit>;

export type LockedTask = Task | ArtifactTask;

export const isArtifactTask = (task: LockedTask): task is ArtifactTask => 'schema' in task;

/** Where a store keeps the lock of this root, as `anneal taskset lock` left it. */
export const lockName = (root: string): string => `task-sets/${root}`;

/** Who locked a set: Ed25519 over the canonical JSON of schema, root and lock. Beside the lock, whose bytes follow from its source alone. */
export const lockSignature = z.strictObject({
  schema: z.literal('anneal/task-set-signature/v1'),
  root: sha256,
  /** Of the lock's canonical JSON. */
  lock: sha256,
  keyId: sha256,
  signature: z.string(),
});
export type LockSignature = z.infer<typeof lockSignature>;

export const lockSignatureName = (lock: string): string => `task-set-signatures/${lock}`;

/** What a campaign's source reads, as it was when the campaign was submitted: by path as the campaign file has it. */
export const sourceFiles = z.strictObject({
  schema: z.literal('anneal/source-files/v1'),
  read: z.array(
    z.discriminatedUnion('what', [
      z.strictObject({ what: z.literal('file'), path: z.string(), object: artifactRef }),
      z.strictObject({ what: z.literal('folder'), path: z.string(), files: z.record(z.string(), artifactRef) }),
      /** Not read but named by tasks: a root file system. */
      z.strictObject({ what: z.literal('kept'), path: z.string(), object: artifactRef }),
    ]),
  ),
});
export type SourceFiles = z.infer<typeof sourceFiles>;

export const sourceFilesName = (campaign: string): string => `campaigns/${campaign}/source-files`;
