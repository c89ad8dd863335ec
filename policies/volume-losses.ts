// What of the pool was lost with volumes: which segments, and which rollouts had records in them. A sequence that is missing without a
// volume's loss that explains it is told too, but nobody knows whose records it had.
import type { RolloutId } from '../contracts/ids.ts';
import type { ReplicaClaim } from '../contracts/replica.ts';
import { type ReplicaName, type SealedSegment, type SegmentStream, segmentStream } from '../contracts/segment.ts';

export interface MissingSegments {
  readonly replica: ReplicaName;
  readonly stream: SegmentStream;
  /** Both included. */
  readonly from: number;
  readonly to: number;
  readonly reason: 'volume_vanished' | 'unexplained';
}

/** Rollouts that may have lost records with a volume: those that miss some have lost them so. */
export function lostRollouts(claims: readonly ReplicaClaim[], campaign: string): ReadonlySet<RolloutId> {
  const lost = claims.flatMap((claim) => claim.losses.flatMap((loss) => loss.rollouts));
  return new Set(lost.filter((rollout) => rollout.startsWith(`${campaign}/`)));
}

/** Gaps in the sequences of each replica, as the store has them. */
export function missingSegments(
  claims: readonly ReplicaClaim[],
  segments: readonly Pick<SealedSegment, 'replica' | 'stream' | 'sequence'>[],
): MissingSegments[] {
  const replicas = new Set([...claims, ...segments].map(({ replica }) => replica));
  return [...replicas].sort().flatMap((replica) => {
    const claim = claims.find((one) => one.replica === replica);
    return segmentStream.options.flatMap((stream): MissingSegments[] => {
      const there = segments
        .filter((one) => one.replica === replica && one.stream === stream)
        .map((one) => one.sequence);
      const declared = (claim?.losses ?? []).flatMap((loss) => loss.gaps[stream] ?? []);
      const gaps: MissingSegments[] = declared.map((gap) => ({ replica, stream, ...gap, reason: 'volume_vanished' }));
      let expected = 1;
      for (const sequence of there.toSorted((a, b) => a - b)) {
        for (; expected < sequence; expected += 1) {
          if (declared.some(({ from, to }) => from <= expected && expected <= to)) continue;
          const last = gaps.at(-1);
          if (last?.reason === 'unexplained' && last.to === expected - 1)
            gaps[gaps.length - 1] = { ...last, to: expected };
          else gaps.push({ replica, stream, from: expected, to: expected, reason: 'unexplained' });
        }
        expected = sequence + 1;
      }
      return gaps.toSorted((a, b) => a.from - b.from);
    });
  });
}
