// Releasing a policy version: the signed manifest and the history of `released`.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { decision, takenIn } from './gate.ts';
import { campaignName, gateId, policyName, sha256 } from './ids.ts';
import { evaluationResult, policyVersion } from './policy-version.ts';

/** A closed gate of the campaign. The decision itself is kept under the gate's name; its hash names it. */
export const approval = z.discriminatedUnion('how', [
  z.strictObject({
    ...{ gate: gateId, how: z.literal('decided'), option: z.string() },
    by: z.strictObject({
      approver: z.string(),
      keyId: sha256,
      unattended: z.boolean(),
      selfApproved: z.boolean(),
      /** Who said the same before, where a quorum is asked for. */
      seconds: z.array(z.strictObject({ approver: z.string(), keyId: sha256 })).optional(),
    }),
    evidenceHash: sha256,
    decision: sha256,
  }),
  z.strictObject({ gate: gateId, how: z.literal('expired'), option: z.string() }),
  z.strictObject({ gate: gateId, how: z.literal('automatic'), option: z.string() }),
]);
export type Approval = z.infer<typeof approval>;

/** Everything a result depends on beyond the spec and its seed. */
export const reproducibilityManifest = z.strictObject({
  schema: z.literal('anneal/manifest/v1'),
  campaign: campaignName,
  specHash: sha256,
  seed: z.int(),
  taskSetRoot: sha256,
  verifiers: z.array(z.strictObject({ name: z.string(), version: z.int() })),
  git: z.strictObject({ commit: z.string(), dirty: z.boolean() }),
  lockfiles: z.record(z.string(), sha256),
  model: z.strictObject({ base: z.string(), sha256: sha256 }),
  harnessHash: sha256,
  sampling: z.strictObject({ temperature: z.number(), maxTokens: z.int() }),
  machine: z.strictObject({
    kernel: z.string(),
    cpus: z.int(),
    arch: z.string(),
    node: z.string(),
    python: z.string(),
  }),
  sandbox: z.string(),
  /** Of a campaign that names one, with what was measured of it (contracts/judge.ts). */
  judge: z.strictObject({ model: z.string(), family: z.string(), measured: sha256 }).optional(),
  temporal: z.string(),
  /** Gates that were closed when this was written. Manifests from before have none of the following. */
  approvals: z.array(approval).optional(),
  /** SHA-256 over the canonical JSON of the pool's records of the sealed evaluation. */
  recordings: z.strictObject({ completions: z.int(), sha256 }).optional(),
  /** By what they do, as the model profile names them. */
  images: z.record(z.string(), z.string()).optional(),
});
export type ReproducibilityManifest = z.infer<typeof reproducibilityManifest>;

export const releaseBody = z.strictObject({
  schema: z.literal('anneal/release/v1'),
  campaign: campaignName,
  policy: policyVersion,
  /** Files that users take: adapter.safetensors, adapter.gguf. */
  exports: z.array(z.strictObject({ name: z.string(), object: artifactRef })),
  gate: evaluationResult,
  sealed: z.strictObject({ before: evaluationResult, after: evaluationResult }),
  decision,
  /** Other people's, where a quorum is asked for. */
  seconds: z.array(takenIn).optional(),
  manifest: reproducibilityManifest,
  /** Hash of the release it replaces, if any. */
  previous: sha256.nullable(),
});
export type ReleaseBody = z.infer<typeof releaseBody>;

export const releaseManifest = z.strictObject({ body: releaseBody, keyId: sha256, signature: z.string() });
export type ReleaseManifest = z.infer<typeof releaseManifest>;

/** Both null: the first release was rolled back, so users have the base model itself. */
const released = { policy: policyName.nullable(), manifest: artifactRef.nullable() };

/** The content of the name `released/<base>`: what users have, and its history, oldest first. Moved by compare-and-swap. */
export const releasedPointer = z.strictObject({
  schema: z.literal('anneal/released/v1'),
  base: z.string(),
  ...released,
  history: z.array(
    z.strictObject({
      ...released,
      at: z.iso.datetime(),
      how: z.enum(['release', 'rollback']),
    }),
  ),
});
export type ReleasedPointer = z.infer<typeof releasedPointer>;
