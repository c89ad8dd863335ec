// Who writes the segments of a name, and what was lost with a volume: the gateway's own word in the store, under `replicas/<name>`, made
// before its first record.
import { z } from 'zod';
import { rolloutId } from './ids.ts';
import { replicaName } from './segment.ts';

const sequence = z.int().positive();
/** Those who wrote before there were operations said nothing of them. */
const each = <S extends z.ZodType>(of: S) =>
  z.strictObject({ completions: of, trajectories: of, operations: of.optional() });

/** Sequences that are no segment's: what a volume held that never reached the store. */
export const segmentGap = z.strictObject({ from: sequence, to: sequence });
export type SegmentGap = z.infer<typeof segmentGap>;

export const volumeLoss = z.strictObject({
  reason: z.literal('volume_vanished'),
  /** The volume that nobody has seen again. */
  volume: z.uuid(),
  /** When another one took its place. */
  at: z.iso.datetime(),
  gaps: each(segmentGap),
  /** Those whose records were not all in the store when the volume was last heard of. */
  rollouts: z.array(rolloutId),
});
export type VolumeLoss = z.infer<typeof volumeLoss>;

export const replicaClaim = z.strictObject({
  schema: z.literal('anneal/replica/v1'),
  replica: replicaName,
  /** What writes under the name, until another claims it. */
  volume: z.uuid(),
  at: z.iso.datetime(),
  /** Whether everything that it acknowledged is in the store: then nothing is lost with the volume. */
  clean: z.boolean(),
  /** The sequences that are being written. */
  writing: each(sequence),
  /** Rollouts with records that are not in the store yet. */
  open: z.array(rolloutId),
  /** In the order in which they were found. */
  losses: z.array(volumeLoss),
});
export type ReplicaClaim = z.infer<typeof replicaClaim>;
