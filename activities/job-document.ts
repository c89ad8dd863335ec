// The job document of a round: what is trained, from what, on what, how.
import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { sha256, trainingJobName } from '../contracts/ids.ts';
import type { JobDocument } from '../contracts/job.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { ProfileSpec } from '../contracts/profile.ts';
import { durationMs } from '../contracts/units.ts';
import { exportsDelta, jobLayoutOf } from '../policies/job-layout.ts';

export interface TrainingRequest {
  readonly spec: CampaignSpec;
  /** The campaign's; undefined on one machine. */
  readonly profile: ProfileSpec | undefined;
  readonly round: number;
  readonly from: PolicyVersion;
  readonly to: number;
  /** The lowest number among the versions that the samples began with; `from` unless given. */
  readonly oldest?: number;
  /** Of the rollouts. */
  readonly temperature: number;
  readonly batch: ArtifactRef;
  /** Undefined: the installed trainer. */
  readonly code?: JobDocument['code'];
}

export function trainingDocument(request: TrainingRequest): JobDocument {
  const { spec, round, from, to, temperature } = request;
  const { algorithm, clipLow, ratioCap } = spec.training;
  const { learningRate, clipHigh, steps, beta1, beta2, epsilon, weightDecay, maxGradNorm } = spec.training;
  // The trainer reckons by numbers, in which versions that were left behind count; the scheduler has bounded the age in rounds.
  const maxStaleness = Math.max(spec.training.maxStaleness, from.number - (request.oldest ?? from.number));
  const how = spec.policy.lora === null ? wholeModel(request) : adapter(request, spec.policy.lora);
  const body: Omit<JobDocument, 'specHash'> = {
    schema: 'anneal/job/v1',
    name: trainingJobName(spec.name, round),
    kind: 'train',
    seed: spec.seed + round,
    algorithm: {
      name: algorithm,
      ...(clipLow === undefined ? {} : { clipLow }),
      ...(ratioCap === undefined ? {} : { ratioCap }),
      learningRate,
      clipHigh,
      steps,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      maxGradNorm,
      maxStaleness,
    },
    sampling: { temperature },
    policyVersion: { from: from.number, to },
    maxSeconds: durationMs(spec.training.timeout) / 1000,
    ...how,
    ...(request.code === undefined ? {} : { code: request.code }),
  };
  const specHash = sha256.parse(createHash('sha256').update(canonicalJson(body)).digest('hex'));
  return { ...body, specHash };
}

type How = Pick<JobDocument, 'model' | 'inputs' | 'checkpointEverySteps' | 'layout' | 'export'>;

function adapter({ spec, from, batch }: TrainingRequest, lora: JobDocument['model']['lora']): How {
  return {
    model: { base: spec.policy.base, lora },
    inputs: { batch, adapter: from.adapter, optimizer: from.optimizer },
    checkpointEverySteps: 1,
  };
}

function wholeModel({ spec, profile, from, to, batch }: TrainingRequest): How {
  if (profile === undefined) {
    throw new AnnealError('profile.not_found', `${spec.name} trains all weights, and was submitted without a profile`);
  }
  if (from.weights === undefined) {
    throw new AnnealError('weights.incomplete', `${from.name} has no weights to train from`);
  }
  return {
    model: { base: spec.policy.base, lora: null },
    inputs: { batch, adapter: null, optimizer: null, weights: from.weights.manifest },
    // A checkpoint of all weights takes minutes.
    checkpointEverySteps: profile.trainer.saveEverySteps,
    layout: jobLayoutOf(profile),
    export: { delta: exportsDelta(to) },
  };
}
