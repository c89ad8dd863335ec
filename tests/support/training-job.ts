// A training job as a round would ask for it, for tests and benches that are about where it runs and not about what it learns.
import { type JobDocument, jobDocument } from '../../contracts/job.ts';

const NOTHING = '0'.repeat(64);

type Over = Partial<Omit<JobDocument, 'name' | 'algorithm'>> & {
  readonly algorithm?: Partial<JobDocument['algorithm']>;
};

/** @param name `<campaign>-r<round>-train` */
export function trainingJob(name: string, { algorithm, ...over }: Over = {}): JobDocument {
  return jobDocument.parse({
    schema: 'anneal/job/v1',
    name,
    kind: 'train',
    specHash: 'a'.repeat(64),
    seed: 1,
    model: { base: 'tiny-random', lora: { rank: 8, alpha: 16, layers: 4 } },
    algorithm: {
      name: 'cispo',
      clipHigh: 2,
      learningRate: 0.001,
      steps: 3,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-15,
      weightDecay: 0,
      maxGradNorm: 1,
      maxStaleness: 2,
      ...algorithm,
    },
    sampling: { temperature: 0.7 },
    policyVersion: { from: 0, to: 1 },
    inputs: {
      batch: { uri: `store:objects/00/${NOTHING}`, sha256: NOTHING, bytes: 1 },
      adapter: null,
      optimizer: null,
    },
    checkpointEverySteps: 1,
    maxSeconds: 600,
    ...over,
  });
}
