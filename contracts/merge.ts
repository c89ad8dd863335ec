// The port through which a change reaches a branch. There is no work tree anywhere: commits are made from trees, so that no hook, filter or
// setting of the repository ever runs, nothing is left behind, and what is not yet on the branch is an object that nobody refers to.
import type { ChangedPath, ChangeId, CommitId } from './change.ts';

/** A file as a change leaves it; null: it is gone. */
export type Edit = { readonly bytes: Uint8Array; readonly executable?: boolean } | null;

export interface MadeCommit {
  readonly commit: CommitId;
  readonly paths: readonly ChangedPath[];
  /** `git diff --binary --full-index` from its parent. */
  readonly patch: Uint8Array;
}

export interface CommitMessage {
  readonly title: string;
  readonly body: string;
  /** Stands in the message as the trailer `Anneal-Change`, by which the branch itself says what landed. */
  readonly change?: ChangeId;
  /** ISO 8601: author's and committer's time, so that the same input makes the same commit. */
  readonly at: string;
}

export interface MergeRepository {
  /** The branch's commit. */
  tip(): Promise<CommitId>;
  /** The files of a commit, plain ones only. @throws as `RepositoryReader.snapshot` */
  snapshot(commit: CommitId): Promise<ReadonlyMap<string, Uint8Array>>;
  /** @throws AnnealError `merge.unfit` where an edit leads out of the tree, goes through a link, or leaves all as it was */
  commitEdits(base: CommitId, edits: ReadonlyMap<string, Edit>, message: CommitMessage): Promise<MadeCommit>;
  /** @throws AnnealError `merge.unfit` where the patch does not apply to the base, whole */
  commitPatch(base: CommitId, patch: Uint8Array, message: CommitMessage): Promise<MadeCommit>;
  /** The change of one commit, upon another commit of the same history. `nothing-left`: all of it is there. */
  rebase(
    commit: CommitId,
    onto: CommitId,
    message: CommitMessage,
  ): Promise<
    | ({ readonly how: 'rebased' } & MadeCommit)
    | { readonly how: 'conflict'; readonly paths: readonly string[] }
    | { readonly how: 'nothing-left' }
  >;
  /** A commit upon `onto` that takes back what `commit` did. */
  revert(
    commit: CommitId,
    onto: CommitId,
    message: CommitMessage,
  ): Promise<
    ({ readonly how: 'reverted' } & MadeCommit) | { readonly how: 'conflict'; readonly paths: readonly string[] }
  >;
  /** Where on the branch a change stands, by its trailer; reverts do not count. @param reverts of a revert: what it takes back */
  landed(change: ChangeId, reverts?: CommitId): Promise<CommitId | null>;
  /**
   * Fast-forwards the branch to a commit whose parent is its tip, by compare-and-swap. A change that is on the branch is not put there
   * twice: that answers `already`, after a crash as well. `moved`: another commit came first.
   */
  land(
    commit: CommitId,
    change: ChangeId,
  ): Promise<
    | { readonly how: 'landed' | 'already'; readonly commit: CommitId }
    | { readonly how: 'moved'; readonly tip: CommitId }
  >;
  /** Shows a commit of a change at the forge, as the branch of the change there; nothing where there is no forge. */
  offer(commit: CommitId, change: ChangeId): Promise<void>;
  /** Takes that branch away. */
  withdraw(change: ChangeId): Promise<void>;
  /** Creates it, or finds it at that commit. @throws AnnealError `merge.tag_taken` where it stands elsewhere */
  tag(name: string, commit: CommitId): Promise<void>;
}
