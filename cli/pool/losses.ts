// What of the logs is gone from the store, for `pool ls` and `pool verify`: gaps in the numbers of each gateway's segments, with what gateways
// said of vanished volumes, and without what the tables took in while it was there.
import { readClaims } from '../../activities/volume-losses.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import type { PoolTables } from '../../gateway/pool/tables/open.ts';
import { givenUpId, logId } from '../../gateway/pool/tables/progress.ts';
import { segmentsNamed } from '../../gateway/segments/store-source.ts';
import { type MissingSegments, missingSegments } from '../../policies/volume-losses.ts';

export interface MissingFromStore extends MissingSegments {
  /** By `compact --past-losses`; no table has operations, so that nothing waits for them. */
  readonly givenUp: boolean;
}

export interface PoolLosses {
  readonly missing: readonly MissingFromStore[];
  /** Those that may have lost records with a volume. */
  readonly rollouts: readonly RolloutId[];
}

export async function poolLosses(
  store: Pick<ArtifactStore, 'listNamed' | 'readNamed'>,
  { snapshots }: Pick<PoolTables, 'snapshots'>,
): Promise<PoolLosses> {
  const [claims, segments] = await Promise.all([readClaims(store), segmentsNamed(store)]);
  const gaps = missingSegments(claims, segments);
  return {
    missing: gaps.flatMap((gap) => stillMissing(gap, snapshots)),
    rollouts: [...new Set(claims.flatMap(({ losses }) => losses.flatMap(({ rollouts }) => rollouts)))].sort(),
  };
}

/** In runs of what is known of each segment. */
function stillMissing(gap: MissingSegments, snapshots: PoolTables['snapshots']): MissingFromStore[] {
  const { replica, stream } = gap;
  if (stream === 'operations') return [{ ...gap, givenUp: false }];
  const { applied } = snapshots[stream];
  const found: MissingFromStore[] = [];
  for (let sequence = gap.from; sequence <= gap.to; sequence += 1) {
    const given = applied.get(givenUpId({ replica, stream, sequence }));
    const taken = sequence <= (applied.get(logId({ replica, stream })) ?? 0) && given !== 0;
    if (taken) continue;
    const last = found.at(-1);
    const givenUp = given === 0;
    if (last?.to === sequence - 1 && last.givenUp === givenUp) found[found.length - 1] = { ...last, to: sequence };
    else found.push({ ...gap, from: sequence, to: sequence, givenUp });
  }
  return found;
}
