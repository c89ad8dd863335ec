// By which versions a batch was sampled, for the round's record: where rollouts overlap with training, or are answered by the newest version that
// is served, a round trains on tokens of several.
import type { BatchSample } from '../contracts/job.ts';
import type { SampledMix } from '../contracts/record.ts';

/** Undefined where all of it was sampled by the version that is trained from. */
export function sampledIn(
  samples: readonly Pick<BatchSample, 'id' | 'completionIds' | 'policyVersion'>[],
  from: number,
): SampledMix | undefined {
  const versions = new Map<number, { completions: number; tokens: number }>();
  const byRollout = new Map<string, Set<number>>();
  for (const { id, completionIds, policyVersion } of samples) {
    const { completions, tokens } = versions.get(policyVersion) ?? { completions: 0, tokens: 0 };
    versions.set(policyVersion, { completions: completions + 1, tokens: tokens + completionIds.length });
    byRollout.set(id, (byRollout.get(id) ?? new Set()).add(policyVersion));
  }
  if (versions.size === 1 && versions.has(from)) return undefined;
  return {
    mixed: [...byRollout.values()].filter(({ size }) => size > 1).length,
    versions: [...versions].sort(([a], [b]) => a - b).map(([version, counts]) => ({ version, ...counts })),
  };
}
