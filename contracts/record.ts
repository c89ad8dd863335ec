// A campaign's durable record: what crosses continue-as-new, what status shows, what the report is made of.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import type { CampaignSpec } from './campaign.ts';
import { certifiedState, look } from './certified.ts';
import { changeId, commitId } from './change.ts';
import { evidence, gateKind, gateResult } from './gate.ts';
import { campaignName, gateId, jobName, policyName, purpose, sha256 } from './ids.ts';
import { incidentName } from './incident.ts';
import { sightingRecord } from './monitor.ts';
import { pipelineCounts, pipelineSummary } from './pipeline.ts';
import { evaluationResult, policyVersion, verdict } from './policy-version.ts';
import { breakReason } from './session.ts';
import { share } from './share.ts';
import { lostServer } from './weight-update.ts';

/** How every requested rollout of one purpose in one round ended: the states are disjoint and sum to `requested`. */
export const ledgerCounts = z.strictObject({
  requested: z.int(),
  trained: z.int(),
  masked: z.record(z.string(), z.int()),
  cancelled: z.int(),
});
export type LedgerCounts = z.infer<typeof ledgerCounts>;

export const stageTime = z.strictObject({ stage: z.string(), round: z.int().optional(), seconds: z.number() });
export type StageTime = z.infer<typeof stageTime>;

/** A move to a version that did not bring every server there. */
export const partialMove = z.strictObject({ policy: policyName, servers: z.array(lostServer).min(1) });
export type PartialMove = z.infer<typeof partialMove>;

/** What a round trained on, by the version that sampled it, oldest first. */
export const sampledMix = z.strictObject({
  versions: z
    .array(
      z.strictObject({
        version: z.int().nonnegative(),
        completions: z.int().positive(),
        tokens: z.int().positive(),
      }),
    )
    .min(1),
  /** Rollouts whose completions are of several versions. */
  mixed: z.int().nonnegative(),
});
export type SampledMix = z.infer<typeof sampledMix>;

export const roundRecord = z.strictObject({
  round: z.int().positive(),
  from: z.int(),
  to: z.int(),
  verdict,
  why: z.string(),
  /** Training rollouts of the round: their pass rate is the visible one. */
  visible: evaluationResult,
  gate: evaluationResult,
  /** The version that the round produced. */
  policy: policyVersion,
  /** The training job, absent when no sample carried signal. */
  training: z.strictObject({ job: jobName, result: artifactRef, metrics: artifactRef }).optional(),
  /** Why each requested rollout was trained on or not, one object. */
  account: artifactRef,
  /** Ids requested, one object; the workflow's side of the conservation check. */
  plan: artifactRef,
  ledger: ledgerCounts,
  /** Absent where all of it was sampled by `from`. */
  sampled: sampledMix.optional(),
  /** Servers that its moves gave up, by version; absent where there were none. */
  givenUp: z.array(partialMove).min(1).optional(),
  /** What the verdict rests on, where promotion is certified; absent when nothing was trained. */
  look: look.optional(),
  tokens: z.int(),
  seconds: z.number(),
});
export type RoundRecord = z.infer<typeof roundRecord>;

export const gateRecord = z.strictObject({
  gate: gateId,
  kind: gateKind,
  evidence: artifactRef,
  recommended: z.string(),
  result: gateResult.optional(),
});
export type GateRecord = z.infer<typeof gateRecord>;

export const stage = z.enum([
  'calibrate',
  'construct',
  'servers',
  'baseline',
  'rollout',
  'train',
  'evaluate',
  'decide',
  'sealed-gate',
  'sealed',
  'release-gate',
  'release',
  'report',
  'ended',
]);
export type Stage = z.infer<typeof stage>;

/** Carried by continue-as-new. Version 1; every later version migrates it. */
export const campaignState = z.strictObject({
  version: z.literal(1),
  campaign: campaignName,
  spec: artifactRef,
  specHash: sha256,
  /** First run id of the chain; decisions are bound to it. Empty until the first run starts. */
  runChain: z.string(),
  startedAt: z.iso.datetime(),
  /** What was measured of its judge (contracts/judge.ts); absent where it names none. */
  judge: artifactRef.optional(),
  taskSet: artifactRef.optional(),
  round: z.int().nonnegative(),
  /** Versions 0, best and latest; the others are in their rounds' records. */
  policies: z.array(policyVersion),
  latest: z.int(),
  best: z.int(),
  baseline: evaluationResult.optional(),
  certified: certifiedState.optional(),
  /** The newest rounds. Older ones move into `archivedRounds`, so that the state stays far below 64 KiB. */
  rounds: z.array(roundRecord),
  /** A JSON array of the older rounds' records, oldest first. */
  archivedRounds: artifactRef.optional(),
  gates: z.array(gateRecord),
  sealed: z.strictObject({ before: evaluationResult, after: evaluationResult }).optional(),
  release: artifactRef.optional(),
  stages: z.array(stageTime),
  tokens: z.int(),
  ending: z.enum(['running', 'released', 'refused', 'not-opened', 'cancelled', 'aborted']),
  /** Servers that the newest move gave up; absent where every one serves. */
  givenUp: partialMove.optional(),
  /** Of a campaign whose rollouts overlap with training: the groups whose workflows run, by position. Never trusted by a new chain of runs. */
  running: z.array(z.int().nonnegative()).optional(),
  /** Failures that agents were given, in order; absent where there was none. */
  incidents: z
    .array(
      z.strictObject({
        incident: incidentName,
        round: z.int().positive(),
        stage,
        how: z.enum(['nothing-wrong', 'parked', 'denied', 'not-merged', 'failed', 'merged']),
        /** What it had merged was taken back after the next step, or was to be and could not. */
        revert: z.enum(['reverted', 'left', 'failed']).optional(),
      }),
    )
    .optional(),
  /** What was seen of trainings while they ran, the newest; absent where there was nothing. */
  sightings: z.array(sightingRecord).optional(),
  /** What agents brought to the branch, until the next evaluation has been looked at: it may yet be taken back. */
  landed: z.strictObject({ incident: incidentName, change: changeId, commit: commitId }).optional(),
  /** Why the rounds ended early, when the budget did not allow another. */
  stoppedBy: z.string().optional(),
});
export type CampaignState = z.infer<typeof campaignState>;

/** What the campaign workflow is started, resumed and continued with. */
export interface CampaignInput {
  spec: CampaignSpec;
  state: CampaignState;
}

/** The answer of the `status` query; small, so that watching is cheap. */
export const campaignStatus = z.strictObject({
  state: campaignState,
  stage,
  /** The stage's progress, when it can be counted. */
  progress: z.strictObject({ done: z.int(), total: z.int(), unit: z.string() }).optional(),
  waitingFor: z.string().optional(),
  /** Where its groups are, when rollouts overlap with training. */
  pipeline: pipelineCounts.optional(),
  /** The child workflow to ask for progress. */
  activeWorkflow: z.string().optional(),
  openGate: z
    .strictObject({ gate: gateId, evidence: artifactRef, evidenceHash: sha256, deadline: z.iso.datetime() })
    .optional(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
});
export type CampaignStatus = z.infer<typeof campaignStatus>;

/** The conservation check: three sets from three sources. */
export const conservation = z.strictObject({
  /** Training rollouts requested, by the workflow's plans. */
  prompts: z.int(),
  /** Requested ids that a trainer's result.json names. */
  trained: z.int(),
  /** By reason, zero advantage included; from the pool's records, and what the trainers dropped. */
  masked: z.record(z.string(), z.int()),
  /** Of rounds that a human ended before their training was done. */
  cancelled: z.int(),
  balanced: z.boolean(),
  problems: z.array(z.string()),
  /** The same sets by round, unfinished ones included. Absent in reports written before there were any. */
  rounds: z.array(ledgerCounts.extend({ round: z.int() })).optional(),
  /** Ledgers of evaluation and pilot rollouts; cancelled are those that an unfinished evaluation did not get to. */
  others: z.array(
    z.strictObject({
      purpose,
      requested: z.int(),
      recorded: z.int(),
      cancelled: z.int().default(0),
      balanced: z.boolean(),
    }),
  ),
});
export type Conservation = z.infer<typeof conservation>;

/** Of a batch: policies/merging.ts. Tokens. */
export const mergedRound = z.strictObject({
  round: z.int(),
  rollouts: z.int(),
  completions: z.int(),
  before: z.int(),
  after: z.int(),
  least: z.int(),
  breaks: z.partialRecord(breakReason, z.strictObject({ completions: z.int(), tokens: z.int() })),
});
export type MergedRound = z.infer<typeof mergedRound>;

/** Everything that the report page shows; built from the store and the pool, not from logs. */
/** How long a gate was open, and who was told of it, by what and when. */
export const gateWait = z.object({
  gate: gateId,
  openedAt: z.iso.datetime().optional(),
  closedAt: z.iso.datetime().optional(),
  told: z.array(z.object({ whom: z.string(), by: z.string(), at: z.iso.datetime() })),
});
export type GateWait = z.infer<typeof gateWait>;

export const reportData = z.strictObject({
  schema: z.literal('anneal/report/v1'),
  state: campaignState,
  spec: z.unknown(),
  taskSet: z.unknown(),
  evidences: z.array(evidence),
  /** Absent in reports from before this was kept. */
  waits: z.array(gateWait).optional(),
  steps: z.array(z.looseObject({ round: z.int(), step: z.int() })),
  samples: z.array(
    z.strictObject({
      rollout: z.string(),
      task: z.string(),
      round: z.int(),
      purpose,
      prompt: z.string(),
      reply: z.string(),
      outcome: z.string(),
      total: z.number(),
      format: z.number(),
      correctness: z.number(),
      partial: z.number(),
      verdict: z.string(),
    }),
  ),
  conservation,
  /** Of a campaign whose rollouts overlap with training. */
  pipeline: pipelineSummary.optional(),
  /** By round, where rollouts have several completions: how far what was trained on is the same tokens again, and why the rest is not. */
  merging: z.array(mergedRound).min(1).optional(),
  /** What a round's plan says about itself, for example that tasks of unknown starting pass rate were drawn. */
  notes: z.array(z.strictObject({ round: z.int(), note: z.string() })).default([]),
  /** The version that the release manifest names; null when nothing was released. */
  released: policyName.nullable().default(null),
  /** Who did the steps of its workflow; absent where the histories could not be read. */
  share: share.optional(),
  manifest: z.unknown(),
});
export type ReportData = z.infer<typeof reportData>;
