// Full weights of a policy version, and how a fleet of rollout servers moves to them. vLLM 0.24 has no notion of a weight
// version: our worker class (trainer/anneal_megatron/serving) keeps it, and says what it holds through /collective_rpc.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { type PolicyName, policyName, sha256 } from './ids.ts';

/** `<version>-<first 16 hex digits of the digest>`: names one exact set of weights. A version number alone names a promise. */
export const weightTag = z
  .string()
  .regex(/^\d+-[0-9a-f]{16}$/, 'a version number, a dash, and 16 hex digits of the digest')
  .brand<'WeightTag'>();
export type WeightTag = z.infer<typeof weightTag>;

export const makeWeightTag = (version: number, digest: string): WeightTag =>
  weightTag.parse(`${version}-${digest.slice(0, 16)}`);

/** Sent with every request for a completion; the server answers 409 when its weights are others, and repeats it when not. */
export const WEIGHTS_HEADER = 'x-anneal-weights';

const file = z.strictObject({
  path: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, 'a plain file name')
    .describe('A file of a checkpoint as on the model hub, all in one folder.'),
  bytes: z.int().nonnegative(),
  sha256,
});
export type WeightFile = z.infer<typeof file>;

/**
 * A checkpoint in the artifact store. `digest` is the SHA-256 of the canonical JSON of `files`: the hash of the whole, which
 * a server works out again from what it has on its disk before it serves.
 */
export const weightManifest = z.strictObject({
  schema: z.literal('anneal/weights/v1'),
  version: z.int().nonnegative(),
  base: z.string().min(1),
  files: z.array(file).min(1),
  digest: sha256,
  content: z.discriminatedUnion('kind', [
    /** Every file is an object of its own hash. */
    z.strictObject({ kind: z.literal('full') }),
    /** Overwrite deltas (policies/weight-update-delta.ts) from another checkpoint; files that are not named are unchanged. */
    z.strictObject({
      kind: z.literal('delta'),
      parent: z.strictObject({ tag: weightTag, manifest: artifactRef }),
      deltas: z.array(z.strictObject({ path: file.shape.path, delta: artifactRef })),
    }),
  ]),
});
export type WeightManifest = z.infer<typeof weightManifest>;

/** The checkpoint on a node's disk. `toward` is set while it is being changed: until then it is neither the one nor the other. */
export const weightCache = z.strictObject({ tag: weightTag, toward: weightTag.nullable() });
export type WeightCache = z.infer<typeof weightCache>;

/** What one worker process says of its weights: an element of the answer to `{"method": "anneal_weights"}`. */
export const workerWeights = z.strictObject({
  schema: z.literal('anneal/worker-weights/v1'),
  /** Drawn when the process starts. */
  boot: z.string().min(1),
  rank: z.int().nonnegative(),
  /** The number of the newest update that has claimed this server. */
  fence: z.int().nonnegative(),
  /** Between /start_weight_update and /finish_weight_update. */
  session: z.boolean(),
  /**
   * Loading began and did not end. vLLM 0.24 keeps counting where a failed load stopped, so that a second one would leave
   * parameters unset: a session must be opened and finished before the next load.
   */
  dirty: z.boolean(),
  /** Loaded in this session. */
  received: weightTag.nullable(),
  /** What it computes with; null when that is no one version. */
  serving: weightTag.nullable(),
  cache: weightCache.nullable(),
});
export type WorkerWeights = z.infer<typeof workerWeights>;

/** The body of /init_weight_transfer_engine for our transfer backend `anneal-store`. */
export const storeInitInfo = z.strictObject({ fence: z.int().positive() });
export type StoreInitInfo = z.infer<typeof storeInitInfo>;

/** The body of /update_weights: first `base` (a full manifest) where given, then each delta manifest in order. */
export const storeUpdateInfo = z.strictObject({
  fence: z.int().positive(),
  tag: weightTag,
  manifest: artifactRef,
  base: artifactRef.nullable(),
  deltas: z.array(artifactRef),
});
export type StoreUpdateInfo = z.infer<typeof storeUpdateInfo>;

/** A server that an update has given up: it has other weights, or nobody knows. It is not asked before another update brought it back. */
export const lostServer = z.strictObject({ url: z.url(), why: z.string().max(400) });
export type LostServer = z.infer<typeof lostServer>;

/** What a fleet serves, as its last update left it. Only what stands in `servers` is asked. */
export const servedWeights = z.strictObject({
  schema: z.literal('anneal/served-weights/v1'),
  policy: policyName,
  tag: weightTag,
  manifest: artifactRef,
  fence: z.int().positive(),
  servers: z.array(z.url()).min(1),
  /** Absent where none was given up. */
  lost: z.array(lostServer).min(1).optional(),
});
export type ServedWeights = z.infer<typeof servedWeights>;

/** Where a policy that is served by full weights is found. */
export interface WeightDirectory {
  /** Undefined while nothing, or another policy, is served. Remembered until `forget`. */
  find(policy: PolicyName): Promise<ServedWeights | undefined>;
  forget(policy: PolicyName): void;
  /** Policies that are served now. */
  list(): Promise<PolicyName[]>;
}
