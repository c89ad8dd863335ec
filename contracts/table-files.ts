// Where tables of the data pool lie: plain files under their own names, since engines that know nothing of Anneal read them there.

export interface TableFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Files below one folder or prefix, by relative path. Many processes may use it at once.
 *
 * Every method throws `AnnealError` with a `store.*` code.
 */
export interface TableFiles {
  /** What an engine opens: a path, or `s3://BUCKET/PREFIX`. Without a slash at the end. */
  readonly address: string;
  /**
   * Creates a file once, whole and durable. Returns false, and changes nothing, when there is one. Whether it was oneself after an answer
   * that was lost, a caller finds out by reading.
   */
  create(path: string, bytes: Uint8Array | string): Promise<boolean>;
  /** Creates or replaces: only for hints, which nothing is lost with. */
  replace(path: string, bytes: Uint8Array | string): Promise<void>;
  read(path: string): Promise<Uint8Array | undefined>;
  /** Sorted by code units; only those after `after`, where it is named. */
  list(prefix: string, after?: string): Promise<TableFile[]>;
  /** A file of this machine with the same content, which stays as long as the caller needs it. */
  local(file: TableFile): Promise<string>;
  /**
   * A new empty folder of this machine for one piece of work on the tables, which whoever asked removes. What a process that was killed has
   * left of its own goes when somebody asks again.
   */
  workFolder(): Promise<string>;
}
