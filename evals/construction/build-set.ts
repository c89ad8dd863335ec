// From any source to a locked set: draw, draft, certify, measure, sift, split, lock. Same source, seed and options: the same bytes,
// however often the construction was killed on the way and however many items were worked on at a time.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import {
  type ArtifactSetLock,
  CONSTRUCTION_STEPS,
  type ConstructionStep,
  type Lineage,
  type PassRate,
} from '../../contracts/artifact-set.ts';
import { type ArtifactTask, artifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Split } from '../../contracts/task.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import { certifyArtifactTask } from './certify-artifact.ts';
import { type ItemRecord, readJson, workOn } from './item-record.ts';
import { lineageOf } from './lineage.ts';
import { lockSplits, splitOf } from './lock-artifacts.ts';
import { type Candidate, isWholeRange, requireMeasured, type Sieve, type Sifted, sift, unmeasured } from './sieve.ts';
import { hashOf, type RawItem, type Source } from './source.ts';

/** Part of every construction's name: records of another version of these steps are not taken over. */
const VERSION = 1;

export interface BuildProgress {
  readonly step: 'items' | 'sieve' | 'lock';
  readonly items: number;
  /** Of the items, those that an earlier run had done. */
  readonly resumed?: number;
  readonly certified: number;
  readonly dropped: number;
}

export interface BuildInput {
  readonly name: string;
  readonly source: Source;
  readonly seed: number;
  /** Items to draw at most. */
  readonly most: number;
  readonly shares: Readonly<Record<Split, number>>;
  readonly sieve: Sieve;
  readonly instruments: Omit<Instruments, 'secret'>;
  readonly store: Pick<ArtifactStore, 'put' | 'get' | 'createNamed' | 'readNamed'>;
  /** Items at a time. */
  readonly parallel: number;
  /** Judgements of each gold that must agree. */
  readonly reruns?: number;
  /** In place of the certification by the task's own verifier. */
  readonly certify?: (task: ArtifactTask) => Promise<readonly string[]>;
  readonly measure?: (task: ArtifactTask) => Promise<PassRate | null>;
  /** What was measured before, by task id (./anneal pilot). It is no part of what is kept of items: other rates sieve them anew. */
  readonly passRates?: ReadonlyMap<string, PassRate>;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltSet {
  readonly lock: ArtifactSetLock;
  readonly lineage: Lineage;
}

/**
 * @throws AnnealError `spec.invalid` where a difficulty is asked for and nothing measures it; `tasks.source_failed`, `tasks.none_left`, `spec.impossible_split`, `sandbox.*`, `verifier.failed`, `store.*`; what
 * the signal was aborted with. What was done until then is kept: the same call goes on from there.
 */
export async function buildSet(input: BuildInput): Promise<BuiltSet> {
  const { source, seed, store } = input;
  requireMeasured(input.sieve, { measured: input.measure !== undefined || input.passRates !== undefined });
  const items = await workOnAll(input);
  const report = (step: BuildProgress['step']) => input.onProgress?.({ step, ...countsOf(items) });
  report('sieve');
  const tasks = await certifiedTasks(items, input);
  requireSome(tasks, input);
  const candidates = new Map([...tasks].map(([id, { candidate }]) => [id, candidate]));
  const { kept, dropped } = sift([...candidates.values()], input.sieve);
  const families = kept.map(({ family }) => family);
  if (families.length === 0)
    throw new AnnealError(
      'tasks.none_left',
      `none of ${items.length} drawn items became a task: ${firstReasons(items, dropped) || 'the source is empty'}`,
    );
  const splitBy = split(families, input, () => firstReasons(items, dropped));

  report('lock');
  const bySplit: Record<Split, ArtifactTask[]> = { visible: [], gate: [], sealed: [] };
  for (const { id, family } of kept) bySplit[splitBy.get(family)!].push(tasks.get(id)!.task);
  const lineage = lineageOf(items, candidates, { dropped, splitBy });
  const locked = await lockSplits(bySplit, (text) => store.put(text));
  const lock: ArtifactSetLock = {
    schema: 'anneal/artifact-set/v1',
    name: input.name,
    source: { kind: source.kind, description: source.description },
    seed,
    ...locked,
    considered: lineage.records.length,
    licences: [...new Set(kept.map(({ licence }) => licence))].sort(),
    dropped: Object.fromEntries(
      CONSTRUCTION_STEPS.map((step) => [step, lineage.records.filter((one) => stepOf(one) === step).length]),
    ) as ArtifactSetLock['dropped'],
    lineage: await store.put(canonicalJson(lineage)),
  };
  return { lock, lineage };
}

/** Rates of another set say nothing, and would drop nothing without a word. */
function requireSome(tasks: ReadonlyMap<string, Certified>, { sieve, passRates }: BuildInput): void {
  if (passRates === undefined || isWholeRange(sieve) || tasks.size === 0) return;
  if ([...tasks.values()].some(({ candidate }) => candidate.passRate !== null)) return;
  throw unmeasured(`the pass rates are of ${passRates.size} tasks, and none of the set's ${tasks.size} is among them`);
}

/** Where too few are left for three splits, what became of the others is the cause. */
function split(families: readonly string[], { shares, seed, source }: BuildInput, reasons: () => string) {
  try {
    return splitOf(families, { shares, seed, ordered: source.ordered });
  } catch (failure) {
    if (!(failure instanceof AnnealError) || failure.code !== 'spec.impossible_split') throw failure;
    const why = reasons();
    throw new AnnealError(failure.code, why === '' ? failure.message : `${failure.message}. Dropped: ${why}`);
  }
}

const stepOf = ({ outcome }: Lineage['records'][number]): ConstructionStep | undefined =>
  outcome.what === 'dropped' ? outcome.step : undefined;

/** A construction that gives nothing usually has one cause. */
function firstReasons(items: readonly ItemRecord[], dropped: Sifted['dropped']): string {
  const all = [
    ...items.flatMap((item) => item.dropped.flatMap(({ id, why }) => why.map((one) => `${id}: ${one}`))),
    ...items.flatMap((item) => item.drafted.flatMap(({ refused }) => refused.map((one) => `${item.key}: ${one}`))),
    ...dropped.flatMap(({ id, why }) => why.map((one) => `${id}: ${one}`)),
  ];
  return all.slice(0, 3).join('; ');
}

/** The records of all items, in the order of drawing. */
async function workOnAll(input: BuildInput): Promise<ItemRecord[]> {
  const { source, seed, store, signal } = input;
  // What one judge refused, or nobody could judge, another one may certify.
  const judges = input.instruments.judge?.calibrations.map(({ judge }) => judge);
  const construction = hashOf({
    ...{ version: VERSION, kind: source.kind, description: source.description, seed },
    ...(judges && { judges: [...judges] }),
  });
  const instruments: Instruments = { ...input.instruments, secret: hashOf({ construction, of: 'secret' }) };
  const reruns = input.reruns === undefined ? {} : { reruns: input.reruns };
  const certify =
    input.certify ??
    (async (task: ArtifactTask) => (await certifyArtifactTask(task, { store, instruments, seed, ...reruns })).reasons);
  const work = {
    source,
    store,
    construction,
    bench: { instruments, store, seed, signal },
    certify,
    measure: input.measure ?? (async () => null),
  };
  const done: ItemRecord[] = [];
  const queue = drawn(source, input.most);
  let stopped = false;
  let resumedItems = 0;
  const workers = Array.from({ length: Math.max(1, input.parallel) }, async () => {
    while (!stopped) {
      signal?.throwIfAborted();
      const { value, done: over } = await queue.next();
      if (over || value === undefined) return;
      const { record, resumed } = await workOn(value.item, work);
      done[value.index] = record;
      resumedItems += resumed ? 1 : 0;
      input.onProgress?.({ step: 'items', ...countsOf(done), resumed: resumedItems });
    }
  });
  // One that fails ends the others when they have finished what they are at, so that nothing runs on behind the caller's back.
  const ended = await Promise.allSettled(
    workers.map((worker) =>
      worker.catch((failure: unknown) => {
        stopped = true;
        throw failure;
      }),
    ),
  );
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return done;
}

/** While items are being worked on, some places are still empty. */
function countsOf(items: readonly (ItemRecord | undefined)[]): Pick<BuildProgress, 'items' | 'certified' | 'dropped'> {
  const done = items.filter((one) => one !== undefined);
  const drafted = done.flatMap((one) => one.drafted);
  const certified = drafted.filter(({ refused }) => refused.length === 0).length;
  const dropped = drafted.length - certified + done.reduce((sum, one) => sum + one.dropped.length, 0);
  return { items: done.length, certified, dropped };
}

async function* drawn(source: Source, most: number): AsyncGenerator<{ item: RawItem; index: number }, undefined> {
  const keys = new Set<string>();
  let cursor: Parameters<Source['draw']>[0] = null;
  do {
    const page = await source.draw(cursor);
    for (const item of page.items) {
      if (keys.size >= most) return undefined;
      if (keys.has(item.key)) throw new AnnealError('tasks.source_failed', `${source.kind} drew ${item.key} twice`);
      yield { item, index: keys.size };
      keys.add(item.key);
    }
    cursor = page.next;
  } while (cursor !== null);
  return undefined;
}

interface Certified {
  readonly task: ArtifactTask;
  readonly candidate: Candidate;
}

/** By id, in the order of drawing. An id that a source gives twice is its first task's. */
async function certifiedTasks(
  items: readonly ItemRecord[],
  { store, passRates }: Pick<BuildInput, 'store' | 'passRates'>,
): Promise<Map<string, Certified>> {
  const tasks = new Map<string, Certified>();
  for (const { drafted } of items) {
    for (const { task: ref, refused, substance, parents, passRate } of drafted) {
      if (refused.length > 0) continue;
      const task = artifactTask.parse(await readJson(store, ref));
      if (tasks.has(task.id)) throw new AnnealError('tasks.source_failed', `two tasks have the id ${task.id}`);
      const { id, family, canary, source } = task;
      const { licence } = source;
      const measured = passRates?.get(id) ?? passRate;
      const candidate = { id, family, canary, licence, substance, parents, passRate: measured, task };
      tasks.set(id, { task, candidate });
    }
  }
  return tasks;
}
