// A segment of a gateway's log that is full and will not change any more: what leaves the replica for the store, and what tables are made of.
import { z } from 'zod';
import { sha256 } from './ids.ts';

/** A gateway's own name for as long as it owns its volume; two that live at once never share one. */
export const replicaName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes; at most 63 characters')
  .brand<'ReplicaName'>();
export type ReplicaName = z.infer<typeof replicaName>;

export const segmentStream = z.enum(['completions', 'trajectories', 'operations']);
export type SegmentStream = z.infer<typeof segmentStream>;

/** Written after the bytes that it describes: a segment without one is not there. */
export const sealedSegment = z.strictObject({
  schema: z.literal('anneal/segment/v1'),
  replica: replicaName,
  stream: segmentStream,
  /** From 1, without gaps: a gap is a loss, and is told as one. */
  sequence: z.int().positive(),
  records: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** Of the bytes as they lie in the log, framing included. */
  sha256,
});
export type SealedSegment = z.infer<typeof sealedSegment>;

/** Where sealed segments are read from: the folder of a gateway, or the store that they were sent to. */
export interface SegmentSource {
  /** By replica, stream and sequence. */
  list(): AsyncIterable<SealedSegment>;
  /** The JSON of each record, in the order of writing, checked against checksums and hash. @throws AnnealError `gateway.segment_corrupt` */
  records(segment: SealedSegment): AsyncIterable<string>;
}
