// How far each round's training moved the policy, by its trainer's own metrics. The status names them; the store has them.
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { stepMetrics } from '../contracts/job.ts';
import type { RoundRecord } from '../contracts/record.ts';

const metrics = z.array(stepMetrics);

/** Returns a function that gives the KL of each round's last step, by round; it reads each round's metrics once. */
export function divergenceReader(
  store: Pick<ArtifactStore, 'get'>,
): (rounds: readonly RoundRecord[]) => Promise<Record<number, number>> {
  const known = new Map<string, number>();

  return async (rounds) => {
    const found: Record<number, number> = {};
    for (const { round, training } of rounds) {
      if (training === undefined) continue;
      const { sha256 } = training.metrics;
      try {
        const kl =
          known.get(sha256) ??
          metrics.parse(JSON.parse(new TextDecoder().decode(await store.get(training.metrics)))).at(-1)?.kl;
        if (kl === undefined) continue;
        known.set(sha256, kl);
        found[round] = kl;
      } catch {
        // One figure of a view: its absence is shown, watching goes on.
      }
    }
    return found;
  };
}
