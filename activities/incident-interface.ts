// What the workflows of incidents and of merges may ask of the outside world.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type {
  ChangeId,
  CheckedChange,
  CommitId,
  PathFinding,
  ProposedChange,
  RepositoryName,
} from '../contracts/change.ts';
import type { Cause, RemedyId } from '../contracts/diagnosis.ts';
import type { ForgeTold } from '../contracts/forge.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type {
  Attempt,
  IncidentEnd,
  IncidentInput,
  IncidentName,
  MergeRequest,
  Proposed,
  RevertEnd,
  RevertInput,
  Reviewed,
} from '../contracts/incident.ts';

/** What of an operator's settings the workflow goes by. */
export interface PinnedRepository {
  readonly base: CommitId;
  /** Of the run that began it, and when: what its gate's evidence names, whichever run asks. */
  readonly runChain: string;
  readonly at: string;
  readonly ask: 'critical' | 'always';
  readonly deadlineMs: number;
  readonly remindMs: number;
  /** Whether a coding agent has a model. */
  readonly hasModel: boolean;
  /** It is shown at a forge; absent where there is none. */
  readonly forge?: true;
}

export interface AnalysedLogs {
  readonly diagnosis: ArtifactRef;
  readonly cause: Cause;
  readonly summary: string;
  readonly remedies: readonly RemedyId[];
}

export type EndOf = Pick<IncidentInput, 'repository' | 'campaign'>;

/** How the base stands by its own tests. */
export type Reproduced =
  | { readonly how: 'ran'; readonly runner: string; readonly passing: number; readonly failing: readonly string[] }
  | { readonly how: 'none'; readonly why: string };

export type Judged = { readonly paths: readonly PathFinding[] } & (
  | { readonly how: 'checked'; readonly checked: CheckedChange; readonly tainted: boolean }
  | { readonly how: 'none'; readonly why: string }
);

export interface IncidentActivities {
  /** The repository's settings, and the branch's commit when the incident began; the same however often it is asked. */
  pinBase(input: {
    incident: IncidentName;
    repository: RepositoryName;
    runChain: string;
    /** The branch has moved from under a change: its commit of then, by which rework it is. */
    again?: number;
  }): Promise<PinnedRepository>;
  analyseLogs(input: Pick<IncidentInput, 'incident' | 'logs'>): Promise<AnalysedLogs>;
  /** Runs the tests of the base in the sandbox. */
  reproduce(input: { repository: RepositoryName; base: CommitId }): Promise<Reproduced>;
  /** The next proposal by one means, after those that were tried; one that was made stands, and is not made again. */
  propose(input: {
    incident: IncidentName;
    repository: RepositoryName;
    campaign?: CampaignName | null;
    base: CommitId;
    diagnosis: ArtifactRef;
    by: Attempt['by'];
    tried: readonly Attempt[];
  }): Promise<Proposed>;
  /** What the change touches, and what its tests say upon its base. */
  judgeChange(input: { proposal: ArtifactRef }): Promise<Judged>;
  /** By a model without tools; told to be absent where there is none. Said once, it stands. */
  reviewChange(input: { incident: IncidentName; proposal: ArtifactRef; number?: number }): Promise<Reviewed>;
  /** Where else the removed pattern stands in the repository. */
  lookElsewhere(input: { proposal: ArtifactRef }): Promise<{ path: string; line: number; text: string }[]>;
  /** Puts everything that a merge is decided on into one document. */
  requestMerge(input: {
    incident: Pick<IncidentInput, 'incident' | 'campaign' | 'owner'>;
    proposal: ArtifactRef;
    /** Of an incident; a ticket has its document. */
    diagnosis?: ArtifactRef;
    ticket?: ArtifactRef;
    checked: CheckedChange;
    paths: readonly PathFinding[];
    reviewed: Reviewed;
    elsewhere: readonly { path: string; line: number; text: string }[];
    asks: readonly string[];
    tried: readonly Attempt[];
  }): Promise<{ request: ArtifactRef; shown: MergeRequest; proposed: ProposedChange }>;
  /** Makes the end durable; nothing comes after a merge. Of what it was tells what is remembered of it. */
  recordEnd(input: { end: IncidentEnd; of?: EndOf }): Promise<void>;
}

/** A merge request in the queue, with what a human was shown where one was asked: how they answered is on record by the gate that it names. */
export interface QueuedMerge {
  readonly request: ArtifactRef;
  readonly change: ChangeId;
  readonly asked: { readonly evidence: ArtifactRef } | null;
}

export type Rebased =
  | { readonly how: 'rebased'; readonly commit: CommitId; readonly tip: CommitId }
  /** The change stands on the branch already, by an earlier try of the same landing. */
  | { readonly how: 'landed'; readonly commit: CommitId }
  | { readonly how: 'nothing-left'; readonly tip: CommitId }
  | { readonly how: 'conflict'; readonly paths: string[] };

export interface MergeActivities {
  rebaseChange(input: QueuedMerge): Promise<Rebased>;
  /** The tests on the branch's own state with the change, then the smoke run; on record by the commit. */
  tryCommit(input: {
    request: ArtifactRef;
    commit: CommitId;
    tip: CommitId;
  }): Promise<{ ok: true } | { ok: false; why: string }>;
  /**
   * Alone holds the right to move a branch. Looks at everything again: what the commit changes, what it touches, its record of tests, and the
   * signed decision where one is needed.
   */
  landCommit(
    input: QueuedMerge & { commit: CommitId },
  ): Promise<{ how: 'landed' | 'already'; commit: CommitId; tag: string } | { how: 'moved'; tip: CommitId }>;
}

/** What became of a change, as people see it at a forge. */
export type ForgeOutcome =
  | { readonly how: 'landed'; readonly commit: CommitId; readonly tag: string }
  | { readonly how: 'left'; readonly why: string };

/** What is told to a forge. None of it stops a change: that nothing could be told is an answer. */
export interface ForgeActivities {
  /**
   * Brings the change's branch and its request to the forge, with its checks; once however often. What a human is asked about is shown only when
   * `asked` leads to their yes, unless the operator has it shown before.
   */
  showAtForge(input: Pick<QueuedMerge, 'request' | 'asked'>): Promise<ForgeTold>;
  /** Its checks, one comment with the evidence, and that it is done with; nothing where no request was opened. */
  tellForge(input: { request: ArtifactRef; outcome: ForgeOutcome }): Promise<ForgeTold>;
}

export type Considered =
  | { readonly how: 'keep'; readonly why: string }
  | {
      readonly how: 'revert';
      readonly why: string;
      readonly request: ArtifactRef;
      readonly shown: MergeRequest;
      readonly proposed: ProposedChange;
      /** As it was asked first: its gate's evidence names it. */
      readonly runChain: string;
      readonly deadlineMs: number;
      readonly remindMs: number;
    };

export interface RevertActivities {
  /** Whether what landed is taken back, and if so the request that does it; ruled once, it stands. */
  considerRevert(input: RevertInput & { runChain: string }): Promise<Considered>;
  /** Puts it on the incident's record; what was taken back stays told. */
  recordRevert(input: { end: RevertEnd }): Promise<void>;
}
