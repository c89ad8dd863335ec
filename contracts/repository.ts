// Reading a version-controlled repository: the port through which its history becomes tasks. Nothing of the repository is ever run by a
// reader, and nothing is written to it.

export interface Commit {
  readonly id: string;
  /** First parent's; undefined for the first commit. */
  readonly parent: string | undefined;
  /** Merges are not looked into: what they bring was committed elsewhere. */
  readonly merge: boolean;
  readonly subject: string;
  readonly body: string;
}

/** A file that a commit changed, against its first parent; renames are a removal and an addition. */
export interface ChangedFile {
  readonly path: string;
  readonly how: 'added' | 'changed' | 'removed';
}

export interface RepositoryReader {
  /** The commit that history is read from, by its full id: the same id always gives the same answers. */
  readonly head: string;
  /** Along first parents, oldest first. */
  commits(): Promise<readonly Commit[]>;
  changes(commit: string): Promise<readonly ChangedFile[]>;
  /**
   * The files of one commit and nothing else: no history, no object of another commit, no link.
   * @throws AnnealError `tasks.source_failed` for links, submodules, paths that are not plain, and more than the bounds
   */
  snapshot(commit: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** A unified diff from the first parent to the commit, of these paths alone. */
  diff(commit: string, paths: readonly string[]): Promise<string>;
}
