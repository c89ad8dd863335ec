// Sealed segments are taken into the tables, each exactly once. How far each log was taken in stands in the same commit as the rows
// (Delta's `txn`), so that a kill at any moment, or another compactor, changes nothing but who does the work.
import type { SealedSegment, SegmentSource, SegmentStream } from '../../../contracts/segment.ts';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { CHECKPOINT_EVERY, writeCheckpoint } from './checkpoint.ts';
import { closing } from './closing.ts';
import { commit, openTable } from './commit.ts';
import { type Duck, openDuck } from './duck.ts';
import { givenUpId, type Loss, logId, nextOf, type Reading } from './progress.ts';
import { TABLE_STREAMS, TABLES, type TableSchema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { stageSegment } from './stage.ts';
import { openStaging } from './write-parquet.ts';

export interface CompactOptions {
  /** Bytes of segments for one commit: what is on this machine's disk and, in part, in memory at a time. Default 64 MiB. */
  readonly groupBytes?: number;
  /** Takes in what follows a missing segment, and remembers that it was given up. Without, a log waits before its gap. */
  readonly pastLosses?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: Compacted) => void;
  /** For tests: told before the point. */
  readonly fault?: (point: 'written' | 'committed') => void | Promise<void>;
}

export interface Compacted {
  segments: number;
  records: number;
  bytes: number;
  commits: number;
  /** Segments of context operations: they have no table, and stay where they are. */
  passedOver: number;
  /** Gaps that logs wait before, or that were passed now. */
  readonly losses: Loss[];
}

const GROUP_BYTES = 64 << 20;

/**
 * @throws AnnealError `gateway.segment_corrupt`, `pool.record_invalid`, `pool.table_*`, `store.*`; what was committed before stays
 */
export async function compact(
  source: SegmentSource,
  files: TableFiles,
  options: CompactOptions = {},
): Promise<Compacted> {
  return closing(await openDuck({ signal: options.signal }), (duck) => compactWith(duck, source, files, options));
}

async function compactWith(
  duck: Duck,
  source: SegmentSource,
  files: TableFiles,
  options: CompactOptions,
): Promise<Compacted> {
  const total: Compacted = { segments: 0, records: 0, bytes: 0, commits: 0, passedOver: 0, losses: [] };
  const tables = new Map<SegmentStream, Intake>();
  for (const stream of TABLE_STREAMS)
    tables.set(stream, await openIntake({ source, files, duck, schema: TABLES[stream], total, options }));
  for await (const segment of source.list()) {
    options.signal?.throwIfAborted();
    const table = tables.get(segment.stream);
    if (table === undefined) total.passedOver += 1;
    else await table.offer(segment);
  }
  for (const table of tables.values()) await table.finish();
  return total;
}

interface Intake {
  offer(segment: SealedSegment): Promise<void>;
  finish(): Promise<void>;
}

interface IntakeOf {
  readonly source: SegmentSource;
  readonly files: TableFiles;
  readonly duck: Duck;
  readonly schema: TableSchema;
  readonly total: Compacted;
  readonly options: CompactOptions;
}

async function openIntake({ source, files, duck, schema, total, options }: IntakeOf): Promise<Intake> {
  let snapshot: Snapshot = await openTable(files, schema);
  const reading: Reading = { expected: new Map(), waiting: new Set() };
  let group: SealedSegment[] = [];
  let lost: Loss[] = [];

  async function take(): Promise<void> {
    while (group.length > 0) {
      options.signal?.throwIfAborted();
      const first = snapshot;
      const add = await closing(await openStaging(schema, duck), async (staging) => {
        for (const segment of group) await stageSegment(source, segment, staging);
        return staging.write(files, options.signal);
      });
      await options.fault?.('written');
      const { done, snapshot: now } = await commit(files, schema, first, {
        add,
        applied: appliedBy(group, lost, first),
      });
      snapshot = now;
      if (done) {
        await options.fault?.('committed');
        await count();
        return;
      }
      // Another compactor was quicker with some of them; what it left is still to be taken.
      group = group.filter((segment) => isOpen(segment, now));
      lost = lost.filter(({ replica, stream, from }) => (now.applied.get(logId({ replica, stream })) ?? 0) < from);
    }
    lost = [];
  }

  async function count(): Promise<void> {
    total.segments += group.length;
    total.commits += 1;
    for (const { records, bytes } of group) {
      total.records += records;
      total.bytes += bytes;
    }
    group = [];
    lost = [];
    options.onProgress?.(total);
    if (snapshot.version % CHECKPOINT_EVERY === 0) await writeCheckpoint(files, schema, duck, snapshot);
  }

  return {
    async offer(segment) {
      const what = nextOf(segment, snapshot, reading);
      if (what.loss !== undefined) {
        total.losses.push(what.loss);
        if (options.pastLosses !== true) {
          reading.waiting.add(logId(segment));
          return;
        }
        lost.push(what.loss);
      }
      if (!what.open) return;
      group.push(segment);
      reading.expected.set(logId(segment), Math.max(segment.sequence + 1, reading.expected.get(logId(segment)) ?? 0));
      const bytes = group.reduce((sum, one) => sum + one.bytes, 0);
      if (bytes >= (options.groupBytes ?? GROUP_BYTES)) await take();
    },
    finish: take,
  };
}

/** Whether the table still lacks it. */
function isOpen(segment: SealedSegment, { applied }: Snapshot): boolean {
  if (applied.get(givenUpId(segment)) === 0) return true;
  return segment.sequence > (applied.get(logId(segment)) ?? 0);
}

/** One entry a log: as far as the group goes. A segment that had been given up and is there after all has one of its own. */
function appliedBy(group: readonly SealedSegment[], lost: readonly Loss[], { applied }: Snapshot) {
  const changes = new Map<string, { appId: string; from: number | undefined; to: number }>();
  const change = (appId: string, to: number): void => {
    changes.set(appId, { appId, from: applied.get(appId), to });
  };
  for (const segment of group) {
    const given = givenUpId(segment);
    if (applied.get(given) === 0) change(given, segment.sequence);
    else change(logId(segment), segment.sequence);
  }
  for (const { replica, stream, from, to } of lost)
    for (let sequence = from; sequence <= to; sequence += 1) change(givenUpId({ replica, stream, sequence }), 0);
  return [...changes.values()];
}
