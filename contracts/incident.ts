// An incident: a failure that agents analyse, reproduce, repair and bring to a merge, or leave to people with what they found.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { changeId, checkedChange, commitId, pathFinding, repositoryName } from './change.ts';
import { cause } from './diagnosis.ts';
import type { ForgeTold } from './forge.ts';
import { campaignName, gateId } from './ids.ts';

/** In gates it stands where a campaign's name would: hence the same alphabet. */
export const incidentName = campaignName;
export type IncidentName = z.infer<typeof incidentName>;

export const STEPS = [
  'pin',
  'analyse',
  'reproduce',
  'propose',
  'check',
  'review',
  'look elsewhere',
  'request',
  'decide',
  'merge',
] as const;
export type Step = (typeof STEPS)[number];

export const incidentInput = z.strictObject({
  schema: z.literal('anneal/incident/v1'),
  incident: incidentName,
  /** Whose failure it is; null: somebody's logs. */
  campaign: campaignName.nullable(),
  repository: repositoryName,
  owner: z.string().min(1),
  logs: z
    .array(z.strictObject({ name: z.string().min(1), object: artifactRef }))
    .min(1)
    .max(1_000),
  /** The workflow that is told how it ended. */
  reportTo: z.string().nullable(),
});
export type IncidentInput = z.infer<typeof incidentInput>;

/** What was tried and came to nothing. */
export const attempt = z.strictObject({
  by: z.enum(['remedies', 'coding agent']),
  /** Which remedy or which model; absent where there was none left. */
  with: z.string().optional(),
  /** Absent where nothing was proposed. */
  change: changeId.optional(),
  why: z.string(),
});
export type Attempt = z.infer<typeof attempt>;

/** What a means of repair, or a session of an agent, came to. */
export const proposed = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('proposed'), change: changeId, proposal: artifactRef, with: z.string() }),
  /** What was handed in cannot be made a commit. */
  z.strictObject({ how: z.literal('unfit'), with: z.string(), why: z.string() }),
  /** These means have nothing more. */
  z.strictObject({ how: z.literal('none'), why: z.string() }),
]);
export type Proposed = z.infer<typeof proposed>;

export const finding = z.strictObject({ path: z.string(), line: z.int().positive(), text: z.string() });

export const reviewed = z.discriminatedUnion('how', [
  z.strictObject({
    how: z.literal('reviewed'),
    by: z.strictObject({ model: z.string(), scripted: z.boolean() }),
    verdict: z.enum(['accept', 'rework', 'refuse']),
    findings: z.array(z.strictObject({ path: z.string(), line: z.int().positive(), why: z.string() })),
  }),
  /** No model is configured, or it gave no answer: people see that nobody reviewed it. */
  z.strictObject({ how: z.literal('absent'), why: z.string() }),
]);
export type Reviewed = z.infer<typeof reviewed>;

/** All that a merge is decided and carried out on. */
export const mergeRequest = z.strictObject({
  schema: z.literal('anneal/merge-request/v1'),
  incident: incidentName,
  campaign: campaignName.nullable(),
  /** Whose own answer may not count (critical.yaml). */
  owner: z.string(),
  repository: repositoryName,
  change: changeId,
  /** The proposed change, as it was proposed. */
  proposal: artifactRef,
  /** What it mends, of an incident. */
  diagnosis: artifactRef.optional(),
  /** What was asked for, of a ticket. */
  ticket: artifactRef.optional(),
  checked: checkedChange,
  paths: z.array(pathFinding),
  reviewed,
  /** Where else the pattern stands that the change removes. */
  elsewhere: z.array(finding),
  /** Why a human is asked; empty: nobody is. */
  asks: z.array(z.string()),
  tried: z.array(attempt),
  /** When it was made: what commits of it bear, so that the same state of a branch always makes the same commit. */
  at: z.iso.datetime(),
});
export type MergeRequest = z.infer<typeof mergeRequest>;

/** What became of a merge request that was queued. */
export const merged = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('landed'), commit: commitId, tag: z.string() }),
  /** All of it was on the branch before. */
  z.strictObject({ how: z.literal('nothing-left'), tip: commitId }),
  z.strictObject({ how: z.literal('conflict'), paths: z.array(z.string()) }),
  /** On the branch of now it does not do what it was accepted for. */
  z.strictObject({ how: z.literal('refused'), why: z.string() }),
]);
export type Merged = z.infer<typeof merged>;
/** … or the machine was at fault; asked again, the branch says what has landed. */
export type QueueOutcome = Merged | { readonly how: 'failed'; readonly code: string; readonly why: string };

const told = { incident: incidentName, cause, summary: z.string(), tried: z.array(attempt) };

export const incidentEnd = z.discriminatedUnion('how', [
  /** The logs show no fault. */
  z.strictObject({ how: z.literal('nothing-wrong'), incident: incidentName }),
  /** Nothing that was tried is fit: people have the diagnosis and what was tried. */
  z.strictObject({ how: z.literal('parked'), ...told, why: z.string() }),
  z.strictObject({ how: z.literal('denied'), ...told, change: changeId, gate: gateId }),
  z.strictObject({ how: z.literal('not-merged'), ...told, change: changeId, merged }),
  /** The machine was at fault. Opened anew it takes up what is on record, and what is on the branch. */
  z.strictObject({ how: z.literal('failed'), incident: incidentName, code: z.string(), why: z.string() }),
  z.strictObject({ how: z.literal('merged'), ...told, change: changeId, commit: commitId, tag: z.string() }),
]);
export type IncidentEnd = z.infer<typeof incidentEnd>;

/** After a change has landed: what the next step came to, and whether it is taken back for it. */
export const revertInput = z.strictObject({
  schema: z.literal('anneal/revert/v1'),
  incident: incidentName,
  campaign: campaignName.nullable(),
  repository: repositoryName,
  owner: z.string().min(1),
  /** What landed, as which commit. */
  change: changeId,
  commit: commitId,
  next: z.discriminatedUnion('what', [
    z.strictObject({ what: z.literal('training'), logs: incidentInput.shape.logs }),
    z.strictObject({ what: z.literal('evaluation'), regressed: z.boolean(), why: z.string() }),
  ]),
  reportTo: z.string().nullable(),
});
export type RevertInput = z.infer<typeof revertInput>;

export const revertEnd = z.discriminatedUnion('how', [
  /** Nothing is taken back. */
  z.strictObject({ how: z.literal('kept'), incident: incidentName, why: z.string() }),
  z.strictObject({
    how: z.literal('reverted'),
    incident: incidentName,
    why: z.string(),
    commit: commitId,
    tag: z.string(),
  }),
  /** It would have been, and could not: people are told. */
  z.strictObject({ how: z.literal('left'), incident: incidentName, why: z.string(), because: z.string() }),
  z.strictObject({ how: z.literal('failed'), incident: incidentName, code: z.string(), why: z.string() }),
]);
export type RevertEnd = z.infer<typeof revertEnd>;

/** What the incident's workflow shows while it runs. */
export interface IncidentView {
  readonly incident: IncidentName;
  readonly step: Step | 'ended';
  readonly cause?: string;
  readonly summary?: string;
  readonly waitingFor?: string;
  readonly tried: readonly Attempt[];
  readonly forge?: ForgeTold;
  readonly end?: IncidentEnd;
}
