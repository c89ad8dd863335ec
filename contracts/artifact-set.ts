// A locked set of tasks of any artifact format, and what became of everything that was considered for it.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { artifactTask } from './artifact-task.ts';
import { sha256, taskId } from './ids.ts';
import { split, splitLock } from './task.ts';

/** A split's tasks as one object in the store; the sealed one is read only after its gate. */
export const artifactSplit = z.strictObject({ split, tasks: z.array(artifactTask) });
export type ArtifactSplit = z.infer<typeof artifactSplit>;

/** In their order: what is dropped in one is not looked at in the next. */
export const CONSTRUCTION_STEPS = ['draft', 'certify', 'difficulty', 'licence', 'duplicate', 'contamination'] as const;
export const constructionStep = z.enum(CONSTRUCTION_STEPS);
export type ConstructionStep = z.infer<typeof constructionStep>;

export const passRate = z
  .strictObject({ solved: z.int().nonnegative(), tried: z.int().positive() })
  .refine(({ solved, tried }) => solved <= tried, 'no more are solved than were tried');
export type PassRate = z.infer<typeof passRate>;

/** One for each task, kept or dropped, and one for each drawn item that became none. */
export const lineageRecord = z.strictObject({
  /** The task's; for an item that became none its key in the source. */
  id: z.string().min(1),
  /** SHA-256 of the drawn item's canonical JSON: with the source's own description it says where everything comes from. */
  item: sha256,
  /** Ids of tasks that it was made of: a variant's original, the kept twin of a duplicate. */
  parents: z.array(z.string()),
  licence: z.string().nullable(),
  /** By the policy that measured it; null: nobody did. */
  passRate: passRate.nullable(),
  /** Of a kept task: what it lacks that others of its source have, for example secret inputs. */
  notes: z.array(z.string().min(1)).optional(),
  outcome: z.discriminatedUnion('what', [
    z.strictObject({ what: z.literal('kept'), split, task: taskId }),
    z.strictObject({ what: z.literal('dropped'), step: constructionStep, why: z.array(z.string().min(1)).min(1) }),
  ]),
});
export type LineageRecord = z.infer<typeof lineageRecord>;

/** In the order of drawing. */
export const lineage = z.strictObject({ schema: z.literal('anneal/lineage/v1'), records: z.array(lineageRecord) });
export type Lineage = z.infer<typeof lineage>;

/** What later rounds, verdicts and releases refer to. */
export const artifactSetLock = z.strictObject({
  schema: z.literal('anneal/artifact-set/v1'),
  name: z.string().min(1),
  /** The source with its options and what it read: two locks of one description and seed are byte-identical. */
  source: z.strictObject({ kind: z.string().min(1), description: z.json() }),
  seed: z.int(),
  /** Merkle root over the splits' roots; a split's root is over its tasks' canonical hashes, sorted by id. */
  root: sha256,
  splits: z.strictObject({ visible: splitLock, gate: splitLock, sealed: splitLock }),
  considered: z.int().nonnegative(),
  kept: z.int().nonnegative(),
  licences: z.array(z.string()),
  /** How many each step dropped. */
  dropped: z.record(constructionStep, z.int().nonnegative()),
  lineage: artifactRef,
});
export type ArtifactSetLock = z.infer<typeof artifactSetLock>;
