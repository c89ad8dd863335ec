// What a verifier says of an artifact: hard gates, components, and what both rest on. Formats other than one Python function; that one
// keeps its own record (trajectory.ts), since stored rewards refer to it.
import { z } from 'zod';
import { sha256 } from './ids.ts';

/** What a rollout hands in. One verifier judges one format; another version of it stands beside, never in its place. */
export const artifactFormat = z.enum([
  'patch',
  'program',
  'terminal-state',
  'structured-data',
  'spreadsheet',
  'web-page',
  'document',
  'slides',
  'answer',
]);
export type ArtifactFormat = z.infer<typeof artifactFormat>;

export const verifierRef = z.strictObject({ name: z.string().min(1).max(60), version: z.int().positive() });
export type VerifierRef = z.infer<typeof verifierRef>;

/** One that fails ends the judgement: the reward is 0, whatever else is good. */
export const gateResult = z.strictObject({
  name: z.string().min(1),
  passed: z.boolean(),
  /** For a human: what was expected and what was seen. No time, no path of this machine. */
  why: z.string(),
});
export type GateResult = z.infer<typeof gateResult>;

/**
 * outcome: what the task asked for; process: how it was done (tool format, language, reasoning); speed: against the task's baseline.
 * Scores lie in 0…1; a penalty is a score below 1.
 */
export const componentKind = z.enum(['outcome', 'process', 'speed']);
export const componentScore = z.strictObject({
  name: z.string().min(1),
  kind: componentKind,
  score: z.number().min(0).max(1),
  /** Its share among the components of its kind. */
  weight: z.number().positive(),
  why: z.string(),
});
export type ComponentScore = z.infer<typeof componentScore>;

/** A program that was run for the judgement, and what was seen of it. Times are left out: a second judgement is byte-identical. */
export const evidenceRun = z.strictObject({
  what: z.string().min(1),
  argv: z.array(z.string()),
  how: z.enum(['exited', 'timeout', 'output-limit', 'signalled']),
  exitCode: z.int().nullable(),
  /** The first kilobytes; the whole is named by its hash. */
  stdout: z.string().max(8_192),
  stdoutSha256: sha256,
});
export type EvidenceRun = z.infer<typeof evidenceRun>;

export const judgement = z.strictObject({
  schema: z.literal('anneal/judgement/v1'),
  verifier: verifierRef,
  task: z.string(),
  /** Of the artifact that was judged (evals/verifiers/artifact.ts). */
  artifact: sha256,
  gates: z.array(gateResult).min(1),
  /** Empty when a gate failed. */
  components: z.array(componentScore),
  runs: z.array(evidenceRun),
  /** What else was seen, in the verifier's own form. */
  seen: z.json(),
});
export type Judgement = z.infer<typeof judgement>;
