// What a restart finds: whole segments, and at the end of the last one perhaps the beginning of a record that was never
// acknowledged.
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import { type Location, scanSegment } from './line.ts';

const NAME = /^seg-(\d{8})\.log$/;

export function segmentName(segment: number): string {
  return `seg-${String(segment).padStart(8, '0')}.log`;
}

/** Returns the segment to go on writing, and how many of its bytes are whole records. */
export async function recoverSegments(
  dir: string,
  onRecord: (json: string, at: Location) => void,
  log: (line: string) => void,
): Promise<{ segment: number; durable: number }> {
  const found = (await readdir(dir)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const segments = found.sort((a, b) => a - b);
  let durable = 0;
  for (const [position, segment] of segments.entries()) {
    const path = join(dir, segmentName(segment));
    if (segment !== position + 1) {
      throw damaged(join(dir, segmentName(position + 1)), 0, 'the file is missing although later ones exist');
    }
    const bytes = await readFile(path);
    const scan = scanSegment(bytes);
    for (const { offset, length } of scan.records) {
      onRecord(bytes.toString('utf8', offset, offset + length), { segment, offset, length });
    }
    durable = scan.good;
    if (scan.tail === 'none') continue;
    const last = position === segments.length - 1;
    if (scan.tail === 'corrupt' || !last) {
      throw damaged(
        path,
        scan.good,
        last ? 'checksum or framing is wrong' : 'a segment before the last one is cut short',
      );
    }
    durable = await mend(path, bytes, scan.good, scan.tail, onRecord, segment);
    log(
      scan.tail === 'torn'
        ? `${path}: cut off ${bytes.length - scan.good} bytes of a record that was never acknowledged, at byte ${scan.good}`
        : `${path}: completed the record at byte ${scan.good}, which lacked its line break`,
    );
  }
  return { segment: Math.max(segments.length, 1), durable };
}

async function mend(
  path: string,
  bytes: Buffer,
  good: number,
  tail: 'torn' | 'unterminated',
  onRecord: (json: string, at: Location) => void,
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
    onRecord(whole.toString('utf8', record!.offset, record!.offset + record!.length), at);
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
