// Judging a sample of the corpus as a rollout would be judged.
import { artifactOf } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { type Judged, judgeArtifact } from '../verifiers/judge.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import type { Sample, Variant } from './variant.ts';

export const judgeVariant = (
  { task, given }: Sample,
  artifact: Variant['artifact'],
  instruments: Instruments,
): Promise<Judged> =>
  judgeArtifact({
    task,
    verifier: artifactVerifierFor(task.verifier),
    artifact: artifactOf(artifact),
    given: artifactOf(given),
    shares: { process: 0, speed: 0 },
    instruments,
  });
