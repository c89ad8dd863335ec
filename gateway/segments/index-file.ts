// Beside a segment that the store has stands its index, `seg-NNNNNNNN.idx`: the description that the store has of it, and a line for each
// record. It stands for the segment when the bytes are gone from the disk; a restart reads it instead of them.

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import { type SealedSegment, sealedSegment } from '../../contracts/segment.ts';
import { writeDurably } from './durable.ts';

export interface SegmentIndex {
  readonly sealed: SealedSegment;
  /** JSON of what the pool knows of each record, in the order of writing. */
  readonly lines: readonly string[];
}

const pathOf = (dir: string, segment: number): string => join(dir, `seg-${String(segment).padStart(8, '0')}.idx`);

/** Appears whole or not at all. */
export async function writeIndex(dir: string, { sealed, lines }: SegmentIndex): Promise<void> {
  const path = pathOf(dir, sealed.sequence);
  const body = [JSON.stringify(sealed), ...lines].join('\n');
  await writeDurably(dir, path, `${hash('sha256', body)}\n${body}`);
}

/** @throws AnnealError `gateway.segment_corrupt` */
export async function readIndex(dir: string, segment: number): Promise<SegmentIndex> {
  const path = pathOf(dir, segment);
  const text = await readFile(path, 'utf8');
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  const [first = '', ...lines] = body.split('\n');
  const sealed =
    text.slice(0, end) === hash('sha256', body) ? sealedSegment.safeParse(JSON.parse(first)).data : undefined;
  if (sealed?.sequence === segment) return { sealed, lines };
  throw new AnnealError(
    'gateway.segment_corrupt',
    `${path} does not match its hash; it may be removed where the .log is there`,
  );
}
