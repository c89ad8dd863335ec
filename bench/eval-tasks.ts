// The questions of eval-samples.ts as a locked set of tasks, and a campaign that is measured by it.
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { ArtifactSetLock } from '../contracts/artifact-set.ts';
import type { ArtifactTask } from '../contracts/artifact-task.ts';
import { type CampaignSpec, campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { taskId } from '../contracts/ids.ts';
import { lockSplits } from '../evals/construction/lock-artifacts.ts';
import type { StructuredDataCheck } from '../evals/verifiers/structured-data/structured-data.ts';
import type { Sample } from './eval-samples.ts';

const FILE = 'answer.json';

/** The reply is the file, and the file is the number: an exact match, by the registry's verifier. */
function taskOf({ id, prompt, target }: Sample, canary: string): ArtifactTask {
  const check: StructuredDataCheck = {
    file: FILE,
    as: { format: 'json' },
    schema: { type: 'integer' },
    checks: [
      {
        kind: 'equals',
        name: 'the sum',
        weight: 1,
        hard: true,
        at: '',
        value: Number(target),
        absolute: 0,
        relative: 0,
      },
    ],
  };
  return {
    schema: 'anneal/artifact-task/v1',
    id: taskId.parse(`sums#${id}`),
    family: id,
    capability: 'sums/plain',
    instruction: prompt,
    format: 'structured-data',
    verifier: { name: 'structured-data', version: 1 },
    deliverables: [{ path: FILE, maxBytes: 1_024, required: true }],
    given: {},
    environment: null,
    check,
    gold: {},
    baselineSeconds: null,
    canary: `${canary}-${id}`,
    source: { kind: 'bench', name: 'sums', licence: 'CC0-1.0' },
  };
}

/** All of them in the gate split, which an evaluation measures. */
export async function lockSums(all: readonly Sample[], store: ArtifactStore): Promise<ArtifactSetLock> {
  const put = (text: string) => store.put(text);
  const tasks = all.map((one) => taskOf(one, 'canary-of-the-bench'));
  const locked = await lockSplits({ visible: [], gate: tasks, sealed: [] }, put);
  return {
    schema: 'anneal/artifact-set/v1',
    name: 'sums',
    source: { kind: 'bench', description: {} },
    seed: 1,
    ...locked,
    considered: all.length,
    licences: ['CC0-1.0'],
    dropped: { draft: 0, certify: 0, difficulty: 0, licence: 0, duplicate: 0, contamination: 0 },
    lineage: await put(canonicalJson({ schema: 'anneal/lineage/v1', records: [] })),
  };
}

export function specOf(lock: ArtifactSetLock, concurrency: number): CampaignSpec {
  return campaignSpec.parse({
    apiVersion: 'anneal/v1',
    kind: 'Campaign',
    name: 'demo',
    seed: 1,
    rounds: 1,
    policy: { base: 'smollm2-135m-instruct' },
    tasks: { source: 'artifact-set', root: lock.root },
    harness: { prompt: '{instruction}' },
    rollouts: { groupsPerRound: 2, groupSize: 2, concurrency },
    training: { learningRate: 0.001 },
    evaluation: { samplesPerTask: 1, temperature: 0 },
    budget: { tokens: 100_000_000, wallClock: '1h' },
  });
}
