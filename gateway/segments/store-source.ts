// Sealed segments as the store has them: the bytes as an object, and a name made once after it, `segments/<replica>/<stream>/<sequence>`,
// which holds their description. Without the name the bytes are nobody's.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import {
  type ReplicaName,
  type SealedSegment,
  type SegmentSource,
  type SegmentStream,
  sealedSegment,
} from '../../contracts/segment.ts';
import { scanSegment } from './line.ts';

export type SegmentStore = Pick<
  ArtifactStore,
  'putFile' | 'get' | 'getFile' | 'has' | 'createNamed' | 'readNamed' | 'swapNamed' | 'listNamed'
>;

const ROOT = 'segments/';
export const segmentKey = ({
  replica,
  stream,
  sequence,
}: Pick<SealedSegment, 'replica' | 'stream' | 'sequence'>): string =>
  `${ROOT}${replica}/${stream}/${String(sequence).padStart(8, '0')}`;

/** Where its bytes are. */
export const bytesOfSegment = ({ sha256, bytes }: Pick<SealedSegment, 'sha256' | 'bytes'>): ArtifactRef => ({
  uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`,
  sha256,
  bytes,
});

/** @param of those of one replica, or of one of its streams */
export function createStoreSource(
  store: SegmentStore,
  of: { readonly replica?: ReplicaName; readonly stream?: SegmentStream } = {},
): SegmentSource {
  const below = of.replica === undefined ? '' : `${of.replica}/${of.stream === undefined ? '' : `${of.stream}/`}`;
  return {
    async *list() {
      for (const key of await store.listNamed(ROOT + below)) yield await readDescription(store, key);
    },
    async *records(segment) {
      // Its size and hash are checked on the way.
      const { buffer, byteOffset, byteLength } = await store.get(bytesOfSegment(segment));
      // The same bytes, not once more: a segment is tens of megabytes.
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      const scan = scanSegment(bytes);
      if (scan.tail !== 'none' || scan.records.length !== segment.records) {
        throw new AnnealError('gateway.segment_corrupt', `${segmentKey(segment)} is damaged at byte ${scan.good}`);
      }
      for (const { offset, length } of scan.records) yield bytes.toString('utf8', offset, offset + length);
    },
  };
}

const NAME = /^segments\/([^/]+)\/([^/]+)\/(\d{8,})$/;

/** What is described, by the names alone: quick, however many there are. */
export async function segmentsNamed(
  store: Pick<SegmentStore, 'listNamed'>,
): Promise<Pick<SealedSegment, 'replica' | 'stream' | 'sequence'>[]> {
  return (await store.listNamed(ROOT)).flatMap((key) => {
    const [, replica, stream, sequence] = NAME.exec(key) ?? [];
    const named = sealedSegment
      .pick({ replica: true, stream: true, sequence: true })
      .safeParse({ replica, stream, sequence: Number(sequence) });
    return named.success ? [named.data] : [];
  });
}

async function readDescription(store: SegmentStore, key: string): Promise<SealedSegment> {
  const found = await store.readNamed(key);
  const parsed = sealedSegment.safeParse(parse(found?.bytes));
  if (parsed.success && segmentKey(parsed.data) === key) return parsed.data;
  throw new AnnealError('gateway.segment_corrupt', `${key} describes no segment of that name`);
}

function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/**
 * Tells the store of bytes that it has: once, however often it is called.
 * @throws AnnealError `gateway.conflict` when the name is another segment's: two gateways write under one name
 */
export async function describe(store: SegmentStore, sealed: SealedSegment): Promise<void> {
  const key = segmentKey(sealed);
  if (await store.createNamed(key, canonicalJson(sealed))) return;
  if (canonicalJson(await readDescription(store, key)) === canonicalJson(sealed)) return;
  throw new AnnealError('gateway.conflict', `${key} describes other bytes: two gateways write as ${sealed.replica}`);
}
