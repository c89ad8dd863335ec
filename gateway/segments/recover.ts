// What a restart finds: segments that the store has, known by their index; whole ones; and at the end of the last one perhaps the
// beginning of a record that was never acknowledged.
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import type { SegmentGap } from '../../contracts/replica.ts';
import { readIndex, type SegmentIndex } from './index-file.ts';
import { type Location, scanSegment } from './line.ts';

const NAME = /^seg-(\d{8})\.(log|idx)$/;

export function segmentName(segment: number): string {
  return `seg-${String(segment).padStart(8, '0')}.log`;
}

/** What is told of records that were there already. */
export interface Found {
  record(json: string, at: Location): void;
  /** Of a segment that the store has: its bytes are not looked at, and need not be here. */
  indexed?(index: SegmentIndex): void;
}

export interface Recovered {
  /** The one to go on writing. */
  readonly segment: number;
  /** How many of its bytes are whole records. */
  readonly durable: number;
  /** Segments before it that the store may not have yet. */
  readonly unshipped: readonly number[];
}

/** @param lost sequences that went with another volume: no segment bears them */
export async function recoverSegments(
  dir: string,
  found: Found,
  log: (line: string) => void,
  lost: readonly SegmentGap[] = [],
): Promise<Recovered> {
  const indexes = new Set<number>();
  const logs = new Set<number>();
  for (const name of await readdir(dir)) {
    const [, digits, kind] = NAME.exec(name) ?? [];
    if (digits !== undefined) (kind === 'idx' ? indexes : logs).add(Number(digits));
  }
  const segments = [...new Set([...indexes, ...logs])].sort((a, b) => a - b);
  /** That one, or the first after the gaps that it lies in. */
  function next(segment: number): number {
    const gap = lost.find(({ from, to }) => from <= segment && segment <= to);
    return gap === undefined ? segment : next(gap.to + 1);
  }
  const unshipped: number[] = [];
  let durable = 0;
  let expected = 1;
  for (const [position, segment] of segments.entries()) {
    expected = next(expected);
    if (segment !== expected) {
      throw damaged(join(dir, segmentName(expected)), 0, 'the file is missing although later ones exist');
    }
    expected = segment + 1;
    const last = position === segments.length - 1;
    if (indexes.has(segment)) {
      found.indexed?.(await readIndex(dir, segment));
      // It will not change any more: what comes next goes into another.
      if (last) return { segment: next(expected), durable: 0, unshipped };
      continue;
    }
    durable = await recover(segment, last);
    if (!last) unshipped.push(segment);
  }
  if (segments.length === 0) return { segment: next(1), durable: 0, unshipped };
  return { segment: segments.at(-1)!, durable, unshipped };

  async function recover(segment: number, last: boolean): Promise<number> {
    const path = join(dir, segmentName(segment));
    const bytes = await readFile(path);
    const scan = scanSegment(bytes);
    for (const { offset, length } of scan.records) {
      found.record(bytes.toString('utf8', offset, offset + length), { segment, offset, length });
    }
    if (scan.tail === 'none') return scan.good;
    if (scan.tail === 'corrupt' || !last) {
      throw damaged(
        path,
        scan.good,
        last ? 'checksum or framing is wrong' : 'a segment before the last one is cut short',
      );
    }
    const whole = await mend(path, bytes, scan.good, scan.tail, found, segment);
    log(
      scan.tail === 'torn'
        ? `${path}: cut off ${bytes.length - scan.good} bytes of a record that was never acknowledged, at byte ${scan.good}`
        : `${path}: completed the record at byte ${scan.good}, which lacked its line break`,
    );
    return whole;
  }
}

async function mend(
  path: string,
  bytes: Buffer,
  good: number,
  tail: 'torn' | 'unterminated',
  found: Found,
  segment: number,
): Promise<number> {
  const file = await open(path, 'r+');
  try {
    if (tail === 'torn') {
      await file.truncate(good);
      await file.datasync();
      return good;
    }
    const whole = Buffer.concat([trimZeros(bytes.subarray(good)), Buffer.from('\n')]);
    await file.truncate(good + whole.length);
    await file.write(whole, 0, whole.length, good);
    await file.datasync();
    const [record] = scanSegment(whole).records;
    const at = { segment, offset: good + record!.offset, length: record!.length };
    found.record(whole.toString('utf8', record!.offset, record!.offset + record!.length), at);
    return good + whole.length;
  } finally {
    await file.close();
  }
}

function trimZeros(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

export function damaged(path: string, offset: number, why: string): AnnealError {
  return new AnnealError('gateway.segment_corrupt', `${path} is damaged at byte ${offset}: ${why}`);
}
