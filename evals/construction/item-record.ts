// What became of one drawn item: drafted, certified, measured. It is kept in the store by content, so that a construction that was killed
// goes on from the last item that was done.
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type PassRate, passRate } from '../../contracts/artifact-set.ts';
import { type ArtifactTask, artifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import { itemHash, type RawItem, type Source, type Workbench } from './source.ts';

const itemRecord = z.strictObject({
  schema: z.literal('anneal/construction-item/v1'),
  key: z.string().min(1),
  item: sha256,
  drafted: z.array(
    z.strictObject({
      id: z.string().min(1),
      task: artifactRef,
      substance: z.string(),
      parents: z.array(z.string()),
      notes: z.array(z.string()).optional(),
      /** Why certification refuses it; empty: it does not. */
      refused: z.array(z.string()),
      passRate: passRate.nullable(),
    }),
  ),
  dropped: z.array(z.strictObject({ id: z.string().min(1), why: z.array(z.string().min(1)).min(1) })),
});
export type ItemRecord = z.infer<typeof itemRecord>;

export interface ItemWork {
  readonly source: Source;
  readonly bench: Workbench;
  readonly store: Pick<ArtifactStore, 'put' | 'get' | 'createNamed' | 'readNamed'>;
  /** Names the construction: another source, seed or version of the pipeline begins anew. */
  readonly construction: Sha256;
  /** @returns why it is refused. @throws AnnealError `sandbox.*` when nothing is known of the task */
  certify(task: ArtifactTask): Promise<readonly string[]>;
  /** How often a policy solves it; null: nobody knows. */
  measure(task: ArtifactTask): Promise<PassRate | null>;
}

/** Tries for what the machine did, not the item. */
const TRIES = 3;

/** Does the item, or reads what was done of it before. @throws AnnealError `sandbox.*`, `verifier.failed`, `store.*` */
export async function workOn(item: RawItem, work: ItemWork): Promise<{ record: ItemRecord; resumed: boolean }> {
  const name = `constructions/${work.construction}/${itemHash(item)}`;
  const before = await work.store.readNamed(name);
  if (before !== undefined) return { record: await readRecord(work.store, before.bytes), resumed: true };
  const record = await retried(() => makeRecord(item, work), work.bench.signal);
  const ref = await work.store.put(canonicalJson(record));
  // Somebody else may have been quicker with the same item: what was written first stands.
  if (await work.store.createNamed(name, JSON.stringify(ref))) return { record, resumed: false };
  const first = await work.store.readNamed(name);
  return { record: first === undefined ? record : await readRecord(work.store, first.bytes), resumed: true };
}

async function makeRecord(item: RawItem, work: ItemWork): Promise<ItemRecord> {
  const { tasks, dropped } = await work.source.draft(item, work.bench);
  const drafted: ItemRecord['drafted'] = [];
  const malformed: ItemRecord['dropped'] = [];
  for (const { task, substance, parents, notes } of tasks) {
    work.bench.signal?.throwIfAborted();
    const form = artifactTask.safeParse(task);
    if (!form.success) {
      const why = form.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      malformed.push({ id: String(task.id), why });
      continue;
    }
    const refused = [...(await work.certify(form.data))];
    drafted.push({
      id: form.data.id,
      task: await work.store.put(canonicalJson(form.data)),
      substance,
      parents: [...parents],
      ...(notes === undefined ? {} : { notes: [...notes] }),
      refused,
      // Nobody is asked to solve what is no task.
      passRate: refused.length === 0 ? await work.measure(form.data) : null,
    });
  }
  const others = dropped.map(({ id, why }) => ({ id, why: [...why] }));
  return {
    schema: 'anneal/construction-item/v1',
    key: item.key,
    item: itemHash(item),
    drafted,
    dropped: [...others, ...malformed],
  };
}

async function readRecord(store: ItemWork['store'], named: Uint8Array): Promise<ItemRecord> {
  const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named)));
  return itemRecord.parse(await readJson(store, ref));
}

export async function readJson(store: Pick<ArtifactStore, 'get'>, ref: ArtifactRef): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await store.get(ref)));
}

async function retried<T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (failure) {
      if (left === 0 || !(failure instanceof AnnealError) || !failure.retryable) throw failure;
    }
  }
}
