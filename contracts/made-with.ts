// What made a result, beyond what it was made of: the code, its locks, the machine and the sandbox.
import { z } from 'zod';
import { sha256 } from './ids.ts';

export const madeWith = z.strictObject({
  git: z.strictObject({ commit: z.string(), dirty: z.boolean() }),
  lockfiles: z.record(z.string(), sha256),
  machine: z.strictObject({ kernel: z.string(), cpus: z.int(), arch: z.string(), node: z.string() }),
  sandbox: z.string(),
});
export type MadeWith = z.infer<typeof madeWith>;

/** Beside a lock that `anneal taskset lock` wrote: the lock's own bytes follow from its source alone, whatever machine it was made on. */
export const taskSetManifest = z.strictObject({
  schema: z.literal('anneal/task-set-manifest/v1'),
  root: sha256,
  lock: sha256,
  made: madeWith,
});
export type TaskSetManifest = z.infer<typeof taskSetManifest>;

export const taskSetManifestName = (lock: string): string => `task-set-manifests/${lock}`;
