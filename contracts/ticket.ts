// A ticket: something that somebody wants done in a repository, worked by an agent until it is merged, parked or refused. What it says is
// anybody's words, unless a person who is known has signed for exactly these.

import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { changeId, commitId, repositoryName } from './change.ts';
import type { ForgeTold } from './forge.ts';
import { campaignName, type Sha256, sha256 } from './ids.ts';
import { attempt } from './incident.ts';

/**
 * In gates it stands where a campaign's name would; no campaign and no incident may be called so. A ticket that is opened again is a case of its
 * own (`ticket-3f9a2c11d0e4-r2`), with an end, sessions, gates and a workflow of its own; the first has the ticket's name alone.
 */
export const ticketName = campaignName.refine((name) => REVISIONED.test(name), {
  error: 'ticket- and twelve hexadecimal digits, and -r2 to -r99 where it was opened again',
});
const REVISIONED = /^(ticket-[0-9a-f]{12})(?:-r([2-9]|[1-9][0-9]))?$/;
export type TicketName = z.infer<typeof ticketName>;
export const MOST_REVISIONS = 99;
/** The ticket that it is a revision of. */
export const ticketOf = (name: TicketName): TicketName => ticketName.parse(REVISIONED.exec(name)![1]);
/** From 1. */
export const revisionOf = (name: TicketName): number => Number(REVISIONED.exec(name)![2] ?? 1);
export const revisionName = (name: TicketName, revision: number): TicketName =>
  revision === 1 ? ticketOf(name) : ticketName.parse(`${ticketOf(name)}-r${revision}`);

/** The most pressing first. */
export const ticketPriority = z.enum(['urgent', 'high', 'normal', 'low']);
export type TicketPriority = z.infer<typeof ticketPriority>;

export const ticketOrigin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), path: z.string().min(1) }),
  z.strictObject({ kind: z.literal('forge'), project: z.string().min(1), issue: z.int().positive() }),
  z.strictObject({ kind: z.literal('cli') }),
]);
export type TicketOrigin = z.infer<typeof ticketOrigin>;

/** What makes it this ticket: the same words for the same repository are the same ticket, wherever they stand. */
export const ticketContent = z.strictObject({
  repository: repositoryName,
  title: z.string().trim().min(1).max(200),
  text: z.string().max(20_000),
});
export type TicketContent = z.infer<typeof ticketContent>;

export const ticketDraft = ticketContent.extend({
  priority: ticketPriority.default('normal'),
  labels: z.array(z.string().min(1).max(60)).max(20).default([]),
  origin: ticketOrigin,
  /** As its source says; nobody has looked whether that is so. */
  author: z.string().min(1).max(100).nullable().default(null),
});
export type TicketDraft = z.infer<typeof ticketDraft>;

/** A person's signature under the hash of the content: they answer for these words. */
export const vouched = z.strictObject({ keyId: sha256, signature: z.string().min(1).max(2_000) });
export type Vouched = z.infer<typeof vouched>;
export const vouchStatement = (content: Sha256): string => `anneal/ticket-vouched/v1 ${content}`;

/** Of whoever opens it again: under which name, which words, and why. @param because its SHA-256 */
export const reopenStatement = (ticket: TicketName, content: Sha256, because: Sha256): string =>
  `anneal/ticket-reopened/v1 ${ticket} ${content} ${because}`;

export const ticketDocument = ticketDraft.extend({
  schema: z.literal('anneal/ticket/v1'),
  ticket: ticketName,
  /** Who brought it here: their own answer at its gate may not count (critical.yaml). */
  owner: z.string().min(1),
  vouched: vouched.nullable(),
  /** It had ended, and somebody wants it tried again: their own words, that they have signed. */
  reopened: z.strictObject({ because: z.string().trim().min(1).max(2_000), signed: vouched }).optional(),
  at: z.iso.datetime(),
});
export type TicketDocument = z.infer<typeof ticketDocument>;

/** Something that tickets come from. */
export interface TicketSource {
  /** Each with a key that stays its own when it is edited: a file's place, an issue's number. */
  list(): AsyncIterable<FoundTicket>;
}
export type FoundTicket =
  | { readonly how: 'found'; readonly key: string; readonly draft: TicketDraft }
  | { readonly how: 'unfit'; readonly key: string; readonly why: string };

/** What became of something that a source had. */
export interface Taken {
  /** `edited`: it was taken before with other words, and is not run a second time. `same`: another source has the same words. */
  readonly how: 'taken' | 'known' | 'edited' | 'same';
  readonly ticket: TicketName;
  /** It has: nothing more comes of it, unless somebody opens it again. */
  readonly ended?: true;
}

export const ticketInput = z.strictObject({
  ticket: ticketName,
  repository: repositoryName,
  document: artifactRef,
  priority: ticketPriority,
});
export type QueuedTicket = z.infer<typeof ticketInput> & {
  /** Somebody wants it parked: it is, and nothing is tried. */
  readonly park?: string;
  /** An issue of a forge waits to be told how it ends. */
  readonly issue?: true;
};
export type TicketInput = QueuedTicket & { readonly reportTo: string | null };

/** Why a ticket was not merged, in one word: what may be said of it where anybody reads. */
export const ticketReason = z.enum([
  ...(['asked', 'used-up', 'gave-up', 'undecided', 'moved', 'no-model', 'fault'] as const),
  ...(['human-no', 'review', 'paths', 'there-already', 'unfit'] as const),
]);
export type TicketReason = z.infer<typeof ticketReason>;

const told = { ticket: ticketName, tried: z.array(attempt) };
export const ticketEnd = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('merged'), ...told, change: changeId, commit: commitId, tag: z.string() }),
  /** Left to people: what was tried did not do, a bound was met, somebody wanted it so, or the machine was at fault. */
  z.strictObject({ how: z.literal('parked'), ...told, why: z.string(), reason: ticketReason.optional() }),
  /** Not to be done: a human said no, no agent may touch what it takes, or it is there already. */
  z.strictObject({ how: z.literal('refused'), ...told, why: z.string(), reason: ticketReason.optional() }),
]);
export type TicketEnd = z.infer<typeof ticketEnd>;

/** Issues that have said this, by number. */
export const ticketIssue = z.strictObject({ project: z.string().min(1), issue: z.int().positive() });
/** Whoever writes the same issue a hundred times is not told a hundred times. */
export const MOST_ISSUES = 20;
/** What became of telling one how it ended. What passes by itself leaves nothing, and is tried again. */
export const issueTold = z.discriminatedUnion('how', [
  ticketIssue.extend({ how: z.literal('told') }),
  ticketIssue.extend({ how: z.literal('not-told'), why: z.string() }),
]);
export type IssueTold = z.infer<typeof issueTold>;

export const TICKET_STEPS = ['pin', 'develop', 'rest', 'check', 'review', 'request', 'decide', 'merge'] as const;
export type TicketStep = (typeof TICKET_STEPS)[number] | 'look elsewhere';

export interface TicketView {
  readonly ticket: TicketName;
  readonly step: TicketStep | 'ended';
  readonly waitingFor?: string;
  readonly tried: TicketEnd['tried'];
  /** What a forge shows of it. */
  readonly forge?: ForgeTold;
  readonly end?: TicketEnd;
}

export interface TicketQueueView {
  readonly agents: number;
  readonly running: readonly TicketName[];
  readonly waiting: readonly TicketName[];
}

/** How one session of the agent ended, kept as soon as it has: whoever takes the ticket up asks for it no second time. */
export const ticketSession = z.strictObject({
  schema: z.literal('anneal/ticket-session/v1'),
  end: z.enum(['done', 'gave-up', 'exhausted', 'looping', 'late', 'garbage', 'stalled']),
  said: z.string(),
  /** By path; null: gone. */
  edits: z.record(z.string(), artifactRef.nullable()),
  model: z.string(),
  spent: z.strictObject({ turns: z.int(), tokens: z.int(), seconds: z.number() }),
  transcript: artifactRef,
});
export type TicketSession = z.infer<typeof ticketSession>;
export type TicketSpent = TicketSession['spent'];
export type SessionEnd = TicketSession['end'];
