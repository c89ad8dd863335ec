// How far a log was taken into a table, and what of it is missing. The numbers of a log's segments have no gaps, so that a gap is a loss.
import type { SealedSegment, SegmentStream } from '../../../contracts/segment.ts';
import type { Snapshot } from './snapshot.ts';

/** Segments that are not there although later ones are. */
export interface Loss {
  readonly replica: SealedSegment['replica'];
  readonly stream: SegmentStream;
  readonly from: number;
  readonly to: number;
}

export interface Reading {
  /** By log: the number that is to come next, of those seen in this pass. */
  readonly expected: Map<string, number>;
  /** Logs that wait before a gap. */
  readonly waiting: Set<string>;
}

type Of = Pick<SealedSegment, 'replica' | 'stream'>;

/** The application under which Delta's log says how far this one was taken in: the number of the last segment. */
export const logId = ({ replica, stream }: Of): string => `anneal/${replica}/${stream}`;
/** Of one segment that was given up: 0, or its number once it was found and taken in after all. */
export const givenUpId = ({ replica, stream, sequence }: Of & Pick<SealedSegment, 'sequence'>): string =>
  `anneal/${replica}/${stream}/given-up/${sequence}`;

/** What to do with the next segment of a list: whether it is to be taken in, and what is missing before it. */
export function nextOf(
  segment: SealedSegment,
  { applied }: Snapshot,
  { expected, waiting }: Reading,
): { readonly open: boolean; readonly loss?: Loss } {
  const { replica, stream, sequence } = segment;
  const log = logId(segment);
  const next = Math.max(expected.get(log) ?? 1, (applied.get(log) ?? 0) + 1);
  if (sequence < next) return { open: applied.get(givenUpId(segment)) === 0 };
  if (waiting.has(log)) return { open: false };
  if (sequence === next) return { open: true };
  return { open: true, loss: { replica, stream, from: next, to: sequence - 1 } };
}

/** Segments that were given up and never found. */
export function givenUp({ applied }: Snapshot): Loss[] {
  const pattern = /^anneal\/([^/]+)\/(completions|trajectories)\/given-up\/(\d+)$/;
  return [...applied].flatMap(([id, version]) => {
    const [, replica, stream, sequence] = pattern.exec(id) ?? [];
    if (version !== 0 || sequence === undefined) return [];
    const of = { replica: replica as Loss['replica'], stream: stream as SegmentStream };
    return [{ ...of, from: Number(sequence), to: Number(sequence) }];
  });
}
