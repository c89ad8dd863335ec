// A pool's log, with its way to the store: what is sealed is sent, what was sent is known by its index, and what this volume never had
// is taken over from the store.
import { mkdir, readdir } from 'node:fs/promises';
import type { SegmentGap } from '../../contracts/replica.ts';
import type { ReplicaName, SealedSegment, SegmentStream } from '../../contracts/segment.ts';
import { readIndex, writeIndex } from '../segments/index-file.ts';
import { type Location, scanSegment } from '../segments/line.ts';
import { type LogOptions, type LogStats, openLog, type SegmentLog } from '../segments/log.ts';
import { segmentName } from '../segments/recover.ts';
import { createShipper, type ShipStats } from '../segments/shipper.ts';
import { bytesOfSegment, createStoreSource, type SegmentStore } from '../segments/store-source.ts';
import { createGroups, type Groups, type GroupsOptions, type Line, type NumberLine } from './groups.ts';

/** `disk`: a record is on disk before the answer's end is sent, and in the store some time later; `store`: in the store before. */
export type CaptureMode = 'disk' | 'store';

export interface Shipping {
  readonly store: SegmentStore;
  readonly replica: ReplicaName;
  readonly mode: CaptureMode;
  /** Of what the store has, so much stays on the disk, in bytes. */
  readonly keepBytes: number;
  /** A segment is ended when its first record is so old. */
  readonly sealAfterMs: number;
  /** Sequences that were lost with other volumes. */
  readonly lost: readonly SegmentGap[];
  /** Whether the store may have segments of the name that this volume never had. */
  readonly inherits: boolean;
}

export interface PoolOptions extends Pick<LogOptions, 'dir' | 'segmentBytes' | 'fsyncIntervalMs' | 'log' | 'io'> {
  /** Undefined: records stay on the disk. */
  readonly shipping?: Shipping | undefined;
  /** Records whose place may stay in memory; those of rollouts at work always do. Default 100,000. */
  readonly keepRecords?: number | undefined;
}

export interface PoolLog {
  stats(): LogStats & { readonly unshippedBytes: number; readonly ship: ShipStats | undefined };
  writing(): number;
  /** Ends the segment that is being written. */
  seal(): Promise<void>;
  /** Resolves when the store has everything, or after so long; says whether it has. */
  settle(patienceMs: number): Promise<boolean>;
  /** Nothing is sent any more, and whoever waits for the store is told so. */
  hurry(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenedPool<T, L extends Line> {
  readonly groups: Groups<T, L>;
  readonly segments: Pick<SegmentLog, 'append' | 'read'>;
  readonly log: PoolLog;
}

export async function openPoolLog<T, L extends Line = NumberLine>(
  stream: SegmentStream,
  options: PoolOptions,
  index: Pick<GroupsOptions<T, L>, 'empty' | 'apply' | 'opens'> & {
    readonly lineOf: (json: string, at: Location) => L;
  },
): Promise<OpenedPool<T, L>> {
  const { dir, shipping, keepRecords = 100_000, log: say, ...logOptions } = options;
  const groups = createGroups<T, L>({ ...index, load: (segment) => readIndex(dir, segment), keepRecords });
  await mkdir(dir, { recursive: true });
  const shipper =
    shipping &&
    createShipper({ ...shipping, dir, stream, linesOf: groups.linesOf, onShipped: groups.shipped, log: say });
  if (shipping?.inherits === true) await inherit(dir, shipping, stream, index.lineOf, say);
  const indexed: SealedSegment[] = [];
  const log = await openLog(
    {
      ...{ ...logOptions, dir, log: say },
      ...(shipper === undefined ? {} : { lost: shipping!.lost, onSealed: shipper.take, bring: shipper.bring }),
      ...(shipping?.mode === 'store' ? { ship: shipper!.shipped } : {}),
    },
    {
      record: (json, at) => groups.add(index.lineOf(json, at), at.segment),
      indexed(of) {
        groups.restore(of);
        indexed.push(of.sealed);
      },
    },
  );
  for (const sealed of indexed) await shipper?.known(sealed);
  for (const segment of log.unshipped) shipper?.take(segment);
  // What the store has is a segment that nothing more is written to.
  if (shipping?.mode === 'store') await log.seal();
  const sealing = shipping && sealWhenOld(log, shipping.sealAfterMs);

  return {
    groups,
    segments: log,
    log: {
      stats() {
        const ship = shipper?.stats();
        return {
          ...log.stats(),
          ship,
          unshippedBytes: ship === undefined ? 0 : ship.waitingBytes + log.writing().bytes,
        };
      },
      writing: () => log.writing().segment,
      seal: () => log.seal(),
      settle: async (patienceMs) => (await shipper?.settle(patienceMs)) ?? false,
      hurry: async () => shipper?.close(),
      async close() {
        clearInterval(sealing);
        await shipper?.close();
        await log.close();
      },
    },
  };
}

function sealWhenOld(log: SegmentLog, afterMs: number): NodeJS.Timeout {
  const look = (): void => {
    const { since } = log.writing();
    if (since !== undefined && performance.now() - since >= afterMs) void log.seal();
  };
  return setInterval(look, Math.max(10, afterMs / 4)).unref();
}

/** The indexes of segments that the store has and this volume never had: their bytes stay where they are. */
async function inherit(
  dir: string,
  { store, replica }: Shipping,
  stream: SegmentStream,
  lineOf: (json: string, at: Location) => Line,
  say: (line: string) => void,
): Promise<void> {
  const here = new Set(await readdir(dir));
  const source = createStoreSource(store, { replica, stream });
  let taken = 0;
  for await (const sealed of source.list()) {
    const name = segmentName(sealed.sequence);
    if (here.has(name) || here.has(name.replace('.log', '.idx'))) continue;
    const bytes = Buffer.from(await store.get(bytesOfSegment(sealed)));
    const lines = scanSegment(bytes).records.map(({ offset, length }) =>
      JSON.stringify(
        lineOf(bytes.toString('utf8', offset, offset + length), { segment: sealed.sequence, offset, length }),
      ),
    );
    await writeIndex(dir, { sealed, lines });
    taken += 1;
  }
  if (taken > 0) say(`${taken} segments of ${stream} were taken over from the store`);
}
