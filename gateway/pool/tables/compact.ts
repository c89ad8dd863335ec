// Sealed segments are taken into the tables, each exactly once. How far each log was taken in stands in the same commit as the rows
// (Delta's `txn`), so that a kill at any moment, or another compactor, changes nothing but who does the work.
import type { SealedSegment, SegmentSource, SegmentStream } from '../../../contracts/segment.ts';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { CHECKPOINT_EVERY, writeCheckpoint } from './checkpoint.ts';
import { closing } from './closing.ts';
import { commit, openTable } from './commit.ts';
import { type Duck, openDuck } from './duck.ts';
import { type Lane, openLane } from './lane.ts';
import { givenUpId, type Loss, logId, nextOf, type Reading } from './progress.ts';
import { TABLE_STREAMS, TABLES, type TableSchema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { stageSegment } from './stage.ts';
import { openStaging, type Staging } from './write-parquet.ts';

export interface CompactOptions {
  /**
   * Bytes of segments for one commit, default 64 MiB. So much is on this machine's disk twice: one group is staged while the one before is
   * written.
   */
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
  return closing(await openDuck(files, { signal: options.signal }), (duck) =>
    compactWith(duck, source, files, options),
  );
}

async function compactWith(
  duck: Duck,
  source: SegmentSource,
  files: TableFiles,
  options: CompactOptions,
): Promise<Compacted> {
  const total: Compacted = { segments: 0, records: 0, bytes: 0, commits: 0, passedOver: 0, losses: [] };
  const tables = new Map<SegmentStream, Intake>();
  const lane = openLane();
  try {
    for (const stream of TABLE_STREAMS)
      tables.set(stream, await openIntake({ source, files, duck, lane, schema: TABLES[stream], total, options }));
    for await (const segment of source.list()) {
      options.signal?.throwIfAborted();
      const table = tables.get(segment.stream);
      if (table === undefined) total.passedOver += 1;
      else await table.offer(segment);
    }
    for (const table of tables.values()) await table.finish();
    await lane.end();
    return total;
  } finally {
    // What is being written needs the engine: nobody closes it meanwhile, whatever is wrong.
    await lane.end().catch(() => undefined);
  }
}

interface Intake {
  offer(segment: SealedSegment): Promise<void>;
  finish(): Promise<void>;
}

interface IntakeOf {
  readonly source: SegmentSource;
  readonly files: TableFiles;
  readonly duck: Duck;
  readonly lane: Lane;
  readonly schema: TableSchema;
  readonly total: Compacted;
  readonly options: CompactOptions;
}

/** Segments that are committed together, and what is missing before them. */
interface Group {
  readonly segments: readonly SealedSegment[];
  readonly lost: readonly Loss[];
}

async function openIntake({ source, files, duck, lane, schema, total, options }: IntakeOf): Promise<Intake> {
  let snapshot: Snapshot = await openTable(files, schema);
  const reading: Reading = { expected: new Map(), waiting: new Set() };
  let segments: SealedSegment[] = [];
  let lost: Loss[] = [];
  let bytes = 0;

  /** Staged here, and written in the background: this thread makes rows of records, the engine's make files of rows. */
  async function take(): Promise<void> {
    if (segments.length === 0) return;
    const group = { segments, lost };
    [segments, lost, bytes] = [[], [], 0];
    const staging = await stage(group);
    await lane.begin(() => land(group, staging));
  }

  async function stage(group: Group): Promise<Staging> {
    const staging = await openStaging(schema, duck);
    for (const segment of group.segments) {
      options.signal?.throwIfAborted();
      await stageSegment(source, segment, staging);
    }
    return staging;
  }

  async function land(group: Group, staged: Staging): Promise<void> {
    options.signal?.throwIfAborted();
    const first = snapshot;
    const open = openOf(group, first);
    // It was staged while the group before it lost to another compactor, who may have gone on.
    if (open.segments.length < group.segments.length) {
      await staged[Symbol.asyncDispose]();
      return landAnew(open);
    }
    const add = await closing(staged, (staging) => staging.write(files, options.signal));
    await options.fault?.('written');
    const { done, snapshot: now } = await commit(files, schema, first, { add, applied: appliedBy(group, first) });
    snapshot = now;
    if (done) {
      await options.fault?.('committed');
      return count(group);
    }
    // Another compactor was quicker with some of them; what it left is still to be taken.
    await landAnew(openOf(group, now));
  }

  async function landAnew(group: Group): Promise<void> {
    if (group.segments.length > 0) await land(group, await stage(group));
  }

  async function count(group: Group): Promise<void> {
    total.segments += group.segments.length;
    total.commits += 1;
    for (const one of group.segments) {
      total.records += one.records;
      total.bytes += one.bytes;
    }
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
      segments.push(segment);
      bytes += segment.bytes;
      reading.expected.set(logId(segment), Math.max(segment.sequence + 1, reading.expected.get(logId(segment)) ?? 0));
      if (bytes >= (options.groupBytes ?? GROUP_BYTES)) await take();
    },
    finish: take,
  };
}

/** What of a group the table still lacks. */
const openOf = ({ segments, lost }: Group, now: Snapshot): Group => ({
  segments: segments.filter((segment) => isOpen(segment, now)),
  lost: lost.filter(({ replica, stream, from }) => (now.applied.get(logId({ replica, stream })) ?? 0) < from),
});

/** Whether the table still lacks it. */
function isOpen(segment: SealedSegment, { applied }: Snapshot): boolean {
  if (applied.get(givenUpId(segment)) === 0) return true;
  return segment.sequence > (applied.get(logId(segment)) ?? 0);
}

/** One entry a log: as far as the group goes. A segment that had been given up and is there after all has one of its own. */
function appliedBy({ segments, lost }: Group, { applied }: Snapshot) {
  const changes = new Map<string, { appId: string; from: number | undefined; to: number }>();
  const change = (appId: string, to: number): void => {
    changes.set(appId, { appId, from: applied.get(appId), to });
  };
  for (const segment of segments) {
    const given = givenUpId(segment);
    if (applied.get(given) === 0) change(given, segment.sequence);
    else change(logId(segment), segment.sequence);
  }
  for (const { replica, stream, from, to } of lost)
    for (let sequence = from; sequence <= to; sequence += 1) change(givenUpId({ replica, stream, sequence }), 0);
  return [...changes.values()];
}
