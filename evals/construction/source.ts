// The plug-in form of a task source: it draws raw items, drafts tasks of them, and says what it read. Everything after that
// (certification, duplicates, splits, the lock) is the same for all sources and stands in build-set.ts.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import type { ArtifactFormat } from '../../contracts/judgement.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { RepositoryReader } from '../../contracts/repository.ts';
import type { Instruments } from '../verifiers/verifier.ts';

type JsonValue = z.core.util.JSONType;

/** What a task is made of, before anything was run for it. */
export interface RawItem {
  /** Unique within the source, and the same in every draw. */
  readonly key: string;
  readonly content: JsonValue;
}

export interface Page {
  readonly items: readonly RawItem[];
  /** Where the next page begins; null: there is none. It is the source's own and means nothing to anybody else. */
  readonly next: JsonValue;
}

export interface Drafted {
  /** Its `family`, `capability`, check and gold are the source's; the pipeline changes none of them. */
  readonly task: ArtifactTask;
  /** What makes it the task that it is, statement and solution without phrases that all tasks of the source share: compared with others. */
  readonly substance: string;
  /** Tasks that it is a variant of. */
  readonly parents: readonly string[];
  /** What it lacks that others of the source have: said in the lineage. */
  readonly notes?: readonly string[];
}

export interface Draft {
  readonly tasks: readonly Drafted[];
  /** What did not become a task, and why: everything that is wrong at once. */
  readonly dropped: readonly { readonly id: string; readonly why: readonly string[] }[];
}

/** What a draft may use; all that it puts into the store is content-addressed, so that doing it twice changes nothing. */
export interface Workbench {
  /** Their secret follows from source and seed, so that another run finds the same. */
  readonly instruments: Instruments;
  readonly store: Pick<ArtifactStore, 'put' | 'get'>;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

export interface Source {
  /** Of the registry. */
  readonly kind: string;
  /** Goes into the lock: options, and hashes of what was read. */
  readonly description: JsonValue;
  /**
   * Later families hold what earlier ones ask for, as later commits hold the fixes of earlier ones: splits are then cut in the order of
   * drawing, the visible one first, so that no task that may be trained on gives away one that is kept back.
   */
  readonly ordered: boolean;
  /**
   * Items from a cursor on (null: the first), always the same for the same cursor.
   * @throws AnnealError `tasks.source_failed`
   */
  draw(cursor: JsonValue): Promise<Page>;
  /**
   * The tasks of one item. Deterministic: what depends on chance takes it from the seed and the item's key.
   * @throws AnnealError `sandbox.*`, `verifier.failed`, `store.*`: nothing is known of the item then, and it is drafted again later
   */
  draft(item: RawItem, bench: Workbench): Promise<Draft>;
}

/** What sources may read, given by whoever may read it. */
export interface SourcePorts {
  readonly sandbox: Sandbox;
  readonly store: Pick<ArtifactStore, 'put' | 'get'>;
  readonly seed: number;
  openRepository(path: string): Promise<RepositoryReader>;
  /** @throws AnnealError `tasks.source_failed` when it cannot be read or is too large */
  readFile(path: string): Promise<Uint8Array>;
  /** Every plain file of a folder, by its path in it. @throws AnnealError `tasks.source_failed`, also where a link lies in it */
  readFolder(path: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Puts a file into the store, however large: a root file system. @throws AnnealError `tasks.source_failed`, `store.*` */
  keep(path: string): Promise<ArtifactRef>;
}

/** A source by name, with the schema of its options. */
export interface SourceKind<Options = unknown> {
  readonly name: string;
  readonly options: z.ZodType<Options>;
  /** Of the tasks that it makes. */
  readonly formats: readonly ArtifactFormat[];
  /** Which of its tasks have rubrics, so that nothing becomes of those without a judge; undefined: none. */
  readonly rubrics?: 'all' | 'some';
  /** The files and folders that these options name. */
  reads(options: Options): readonly string[];
  /** Of these options, the files that are kept whole and not read; none where it is missing. */
  keeps?(options: Options): readonly string[];
  /** @throws AnnealError `tasks.source_failed` */
  open(options: Options, ports: SourcePorts): Promise<Source>;
}

/** Keeps the options' type between schema and opening; whoever looks a kind up has parsed them by its own schema. */
export const defineSource = <Options>(kind: SourceKind<Options>): SourceKind =>
  ({
    ...kind,
    reads: (options: unknown) => kind.reads(options as Options),
    keeps: (options: unknown) => kind.keeps?.(options as Options) ?? [],
    open: (options: unknown, ports: SourcePorts) => kind.open(options as Options, ports),
  }) satisfies SourceKind;

export const itemHash = (item: RawItem): Sha256 => hashOf({ key: item.key, content: item.content });

export const hashOf = (value: unknown): Sha256 =>
  sha256.parse(createHash('sha256').update(canonicalJson(value)).digest('hex'));

/** A text that occurs nowhere else, for the task of this id in a set of this seed. */
export const canaryOf = (seed: number, id: string): string => `anneal-canary-${hashOf({ seed, id }).slice(0, 32)}`;
