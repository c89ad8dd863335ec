// Judging a sample of the corpus as a rollout would be judged.
import type { ComponentScore } from '../../contracts/judgement.ts';
import { type RewardShares, SHARES } from '../../policies/reward-composition.ts';
import { artifactOf } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { type Judged, judgeArtifact } from '../verifiers/judge.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import type { Sample, Variant } from './variant.ts';

/** What is paid beside the outcome. */
interface Paid {
  readonly shares: RewardShares;
  readonly manner: readonly ComponentScore[];
}

const NOTHING_BESIDE: Paid = { shares: { process: 0, speed: 0 }, manner: [] };
/** What a campaign pays that names no shares, for a reply in the best manner. */
export const BY_DEFAULT: Paid = {
  shares: SHARES,
  manner: [{ name: 'reply-form@1', kind: 'process', score: 1, weight: 1, why: 'the reply is the file' }],
};

export const judgeVariant = (
  { task, given }: Sample,
  artifact: Variant['artifact'],
  instruments: Instruments,
  paid = NOTHING_BESIDE,
): Promise<Judged> =>
  judgeArtifact({
    task,
    verifier: artifactVerifierFor(task.verifier),
    artifact: artifactOf(artifact),
    given: artifactOf(given),
    ...paid,
    instruments,
  });
