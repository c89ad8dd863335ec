// The job contract: the same for a laptop process and 96 GPUs.
import { z } from 'zod';
import { type ArtifactRef, artifactRef } from './artifact.ts';
import { commitId, repositoryName } from './change.ts';
import { jobName, rolloutId, sha256 } from './ids.ts';

/** One training sample, a line of the batch object (JSON Lines). */
export const batchSample = z.strictObject({
  id: rolloutId,
  /**
   * Of a rollout of several steps: which of its requests this is. Each is a line of its own with the advantage of the whole; the trainer
   * keeps or drops all of them together, and names the rollout in its result.
   */
  completion: z.int().nonnegative().optional(),
  group: z.string(),
  promptIds: z.array(z.int()),
  completionIds: z.array(z.int()).min(1),
  logprobs: z.array(z.number()),
  advantage: z.number(),
  reward: z.number(),
  policyVersion: z.int().nonnegative(),
  /** The experts that each token went through at the server, as it told them; replayed when every sample has them. */
  routing: artifactRef.optional(),
});
export type BatchSample = z.infer<typeof batchSample>;

/** How a model is divided over the GPUs of a job that trains all of its weights: the profile's `trainer`, and what it must know of the model. */
export const jobLayout = z.strictObject({
  nodes: z.int().positive(),
  gpusPerNode: z.int().positive(),
  parallel: z.strictObject({
    tensor: z.int().positive(),
    pipeline: z.int().positive(),
    context: z.int().positive(),
    data: z.int().positive(),
    expert: z.int().positive(),
    expertTensor: z.int().positive(),
  }),
  precision: z.strictObject({
    grads: z.enum(['bf16', 'fp32']),
    master: z.literal('fp32'),
    moments: z.enum(['bf16', 'fp32']),
  }),
  layers: z.int().positive(),
  /** 0 for a dense model. */
  experts: z.int().nonnegative(),
  shardOptimizer: z.boolean(),
  offload: z.enum(['none', 'optimizer']),
  recompute: z.enum(['none', 'selective', 'full']),
  sequenceTokens: z.int().positive(),
  lossChunkTokens: z.int().positive(),
  onPreemption: z.enum(['metadata', 'full']),
});
export type JobLayout = z.infer<typeof jobLayout>;

export const jobDocument = z.strictObject({
  schema: z.literal('anneal/job/v1'),
  name: jobName,
  kind: z.literal('train'),
  /** SHA-256 of the canonical document without this field: what a second submission is compared by. */
  specHash: sha256,
  seed: z.int().nonnegative(),
  model: z.strictObject({
    base: z.string(),
    /** null: all weights are trained, and `layout` and `export` are there. */
    lora: z.strictObject({ rank: z.int(), alpha: z.number(), layers: z.int() }).nullable(),
  }),
  algorithm: z.strictObject({
    name: z.enum(['cispo', 'grpo', 'gspo', 'reinforce++', 'sft']),
    clipHigh: z.number(),
    /** Of the losses that clip from below. */
    clipLow: z.number().optional(),
    ratioCap: z.number().optional(),
    learningRate: z.number(),
    steps: z.int(),
    beta1: z.number(),
    beta2: z.number(),
    epsilon: z.number(),
    weightDecay: z.number(),
    maxGradNorm: z.number(),
    maxStaleness: z.int(),
  }),
  /** The rollouts': π in the ratio is the distribution that they were sampled from. */
  sampling: z.strictObject({ temperature: z.number().positive() }),
  policyVersion: z.strictObject({ from: z.int(), to: z.int() }),
  inputs: z.strictObject({
    batch: artifactRef,
    adapter: artifactRef.nullable(),
    optimizer: artifactRef.nullable(),
    /** Where all weights are trained: the manifest of the version that is trained from; null: what lies in the image's model folder. */
    weights: artifactRef.nullable().optional(),
  }),
  layout: jobLayout.optional(),
  /** `delta`: the new weights as what differs from those before, where that is smaller. */
  export: z.strictObject({ delta: z.boolean() }).optional(),
  checkpointEverySteps: z.int().positive(),
  maxSeconds: z.number().positive(),
  /** The trainer's own files, by path, where a repository has them; else it is the one that is installed. */
  code: z
    .strictObject({ repository: repositoryName, commit: commitId, files: z.record(z.string(), artifactRef) })
    .optional(),
});
export type JobDocument = z.infer<typeof jobDocument>;

/** A line of metrics.jsonl; unknown members are kept, since algorithms differ in what they report. */
export const stepMetrics = z.looseObject({
  step: z.int(),
  loss: z.number(),
  kl: z.number(),
  entropy: z.number(),
  clipFraction: z.number(),
  gradNorm: z.number(),
  meanRatio: z.number(),
  stalenessMin: z.int(),
  stalenessMax: z.int(),
  samples: z.int(),
  tokens: z.int(),
  seconds: z.number(),
});
export type StepMetrics = z.infer<typeof stepMetrics>;

const output = z.strictObject({ path: z.string(), sha256, bytes: z.int() });

export const jobResult = z.looseObject({
  schema: z.literal('anneal/job-result/v1'),
  name: jobName,
  specHash: sha256,
  status: z.literal('done'),
  policyVersion: z.int(),
  steps: z.int(),
  trained: z.array(rolloutId),
  dropped: z.array(z.strictObject({ id: rolloutId, reason: z.string() })),
  outputs: z.union([
    z.strictObject({ adapter: output, adapterGguf: output, optimizer: output }),
    /** A weight manifest (contracts/weight-update.ts); what it names is in the store. */
    z.strictObject({ weights: output }),
  ]),
  seconds: z.record(z.string(), z.number()),
});
export type JobResult = z.infer<typeof jobResult>;

/** Exit codes of a job; a job never exits 0 on SIGTERM. */
export const JOB_EXIT = { done: 0, configuration: 42, accelerator: 43, noSpace: 44, checkpointed: 85 } as const;

/** How a job stopped. `exited`: by its own exit code; the others by a cluster's doing. */
export type StopCause =
  | 'exited'
  | 'out_of_memory'
  | 'preempted'
  | 'evicted'
  | 'node_lost'
  | 'image'
  | 'unschedulable'
  | 'not_admitted'
  /** Evicted, and the quota not given back: the object has to be removed before anything else gets it. */
  | 'stuck_quota'
  | 'store_unreachable'
  | 'vanished';

/** What the attempts at a job have come to so far; each leaves it to the next. */
export const jobEffort = z.object({
  /** The furthest step that was seen. */
  step: z.int().nonnegative(),
  /** Interruptions in a row that were the job's own and brought it no further. */
  fruitless: z.int().nonnegative(),
});
export type JobEffort = Readonly<z.infer<typeof jobEffort>>;

export type JobState =
  | { readonly phase: 'absent' }
  | {
      readonly phase: 'running';
      readonly startedAt: string;
      readonly step: number | undefined;
      /** Why nothing of it advances: it waits for a queue, a node, an image, or for its last pods to end. */
      readonly waiting?: string;
    }
  | { readonly phase: 'done'; readonly result: JobResult; readonly metrics: readonly StepMetrics[] }
  | {
      readonly phase: 'stopped';
      /** What it means is the retry policy's business. */
      readonly exitCode: number;
      /** How it stopped where that was not by its own exit code, as a cluster tells it. */
      readonly cause?: StopCause;
      /** It ran out of memory, and the next attempt needs less: no reason to ask anybody yet. */
      readonly smallerNext?: true;
      readonly message: string;
      readonly logTail: readonly string[];
    };

/**
 * Runs jobs by deterministic names.
 *
 * `submit` is create-or-adopt: a finished job with the same spec hash is left alone, a running one adopted, a stopped one
 * started again (it resumes from its checkpoints); another spec hash under the same name throws `job.conflict`.
 */
export interface JobRunner {
  submit(document: JobDocument, signal?: AbortSignal): Promise<void>;
  /** How often a state is worth a look, ms; 300 where looking costs nothing. */
  readonly lookMs?: number;
  state(name: JobDocument['name']): Promise<JobState>;
  /**
   * SIGTERM, so that the job checkpoints; SIGKILL after the grace period, which on a cluster is the profile's. Resolves when nothing of it
   * runs any more.
   * @throws AnnealError `cluster.unavailable` where that cannot be known, or takes minutes longer than it may
   */
  cancel(name: JobDocument['name'], graceMs: number): Promise<void>;
  /** The last lines of the job's log. */
  logTail(name: JobDocument['name'], lines: number): Promise<string[]>;
  /** Files of this machine that the job writes its log and its numbers to, where it runs here: they can be followed. */
  logFiles?(name: JobDocument['name']): readonly string[];
  /** A file of a finished job (one of its outputs, or `result.json`), in the artifact store. */
  output(name: JobDocument['name'], relative: string): Promise<ArtifactRef>;
}
