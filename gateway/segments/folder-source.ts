// Sealed segments as they lie in a gateway's own folder: every one but the last, which may still grow. Reading takes no lock, for a sealed
// segment does not change.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../contracts/ids.ts';
import {
  type ReplicaName,
  type SealedSegment,
  type SegmentSource,
  type SegmentStream,
  segmentStream,
} from '../../contracts/segment.ts';
import { scanSegment } from './line.ts';
import { damaged, segmentName } from './recover.ts';

const NAME = /^seg-(\d{8})\.log$/;

export interface FolderSourceOptions {
  /** The gateway's folder, with a folder for each stream in it. */
  readonly dir: string;
  readonly replica: ReplicaName;
  /** Nobody writes there any more, so that the last segment is sealed too. */
  readonly ended?: boolean;
}

export function createFolderSource({ dir, replica, ended = false }: FolderSourceOptions): SegmentSource {
  return {
    async *list() {
      for (const stream of segmentStream.options) {
        const numbers = await numbersIn(join(dir, stream));
        for (const sequence of ended ? numbers : numbers.slice(0, -1))
          yield { schema: 'anneal/segment/v1', replica, stream, sequence, ...(await described(dir, stream, sequence)) };
      }
    },

    async *records(segment) {
      const { stream, sequence } = segment;
      const { bytes, records } = await whole(dir, stream, sequence);
      if (hashOf(bytes) !== segment.sha256)
        throw damaged(pathOf(dir, stream, sequence), 0, 'it is not the segment that was listed');
      for (const { offset, length } of records) yield bytes.toString('utf8', offset, offset + length);
    },
  };
}

/** By itself, so that the bytes are gone before the next segment, or this one's records, are read. */
async function described(dir: string, stream: SegmentStream, sequence: number) {
  const { bytes, records } = await whole(dir, stream, sequence);
  return { records: records.length, bytes: bytes.length, sha256: hashOf(bytes) };
}

/** One segment fits into memory: it is left when it has reached its size. */
async function whole(dir: string, stream: SegmentStream, sequence: number) {
  const path = pathOf(dir, stream, sequence);
  const bytes = await readFile(path);
  const { records, good, tail } = scanSegment(bytes);
  if (tail !== 'none') throw damaged(path, good, 'a sealed segment has to end with a whole record');
  return { bytes, records };
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT') return [];
    throw failure;
  });
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

const pathOf = (dir: string, stream: SegmentStream, sequence: number): string =>
  join(dir, stream, segmentName(sequence));

const hashOf = (bytes: Buffer): SealedSegment['sha256'] =>
  sha256.parse(createHash('sha256').update(bytes).digest('hex'));
