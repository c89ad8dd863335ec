// What the workflows of tickets may ask of the outside world, besides what incidents ask.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CommitId, RepositoryName } from '../contracts/change.ts';
import type { Attempt, Proposed } from '../contracts/incident.ts';
import type { TicketSettings } from '../contracts/repositories.ts';
import type { IssueTold, SessionEnd, TicketEnd, TicketName, TicketSpent } from '../contracts/ticket.ts';
import type { Bounds } from '../policies/ticket.ts';
import type { PinnedRepository } from './incident-interface.ts';

/** The operator's, in milliseconds. */
export interface TicketWork {
  readonly attempts: TicketSettings['attempts'];
  readonly budget: Bounds;
  readonly afterApproval: { readonly times: number; readonly budget: Bounds };
  readonly backOff: { readonly firstMs: number; readonly mostMs: number };
}

export type Begun =
  /** By a run before this one. */
  | { readonly how: 'ended'; readonly end: TicketEnd }
  | { readonly how: 'unfit'; readonly why: string }
  | {
      readonly how: 'begun';
      readonly pinned: PinnedRepository;
      readonly work: TicketWork;
      readonly title: string;
      readonly owner: string;
    };

export type Developed = {
  readonly spent: TicketSpent;
  /** How the agent's session ended, which says nothing of what it handed in. */
  readonly end: SessionEnd;
} & Proposed;

export interface TicketActivities {
  ticketAgents(input: { repository: RepositoryName }): Promise<number>;
  /** What is to be done, by whose settings, from which commit; the same however often it is asked. */
  beginTicket(input: {
    ticket: TicketName;
    repository: RepositoryName;
    document: ArtifactRef;
    runChain: string;
  }): Promise<Begun>;
  /** One session of the coding agent, and what it hands in as a proposed change. One that is on record stands; no model is asked again. */
  develop(input: {
    ticket: TicketName;
    repository: RepositoryName;
    document: ArtifactRef;
    base: CommitId;
    /** Of this ticket, from 1. */
    number: number;
    budget: Bounds;
    tried: readonly Attempt[];
  }): Promise<Developed>;
  /**
   * Makes the end durable, and remembers it. What stands on the branch by this ticket is merged, whatever whoever asks takes it for.
   * @returns the end that counts
   */
  recordTicketEnd(input: { end: TicketEnd; repository: RepositoryName; document: ArtifactRef }): Promise<TicketEnd>;
  /** One comment for each end at each issue that says this; what somebody has said already is found by its mark. */
  tellIssue(input: { ticket: TicketName; repository: RepositoryName; document: ArtifactRef }): Promise<IssueTold[]>;
}
