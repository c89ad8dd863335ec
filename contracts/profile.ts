// A model profile: which model, on how many GPUs, divided how, served how, in what pods. `anneal plan` and the Kubernetes
// runner read it; k8s/layout/ judges whether it can work. Units stand in the names; memory of a device is in 10⁹ bytes.
import { z } from 'zod';
import { imageName, kubernetesName, kubernetesQuantity, labelKey, objectName, resourceName } from './kubernetes.ts';
import { duration, fraction } from './units.ts';

const count = z.int().min(1);

/** A figure that nobody has measured in this layout, with where it comes from: plans print both. */
export const estimate = z.strictObject({
  value: z.number().positive(),
  source: z.string().min(3).describe('Where the figure comes from; `assumption: …` when from nowhere better.'),
});
export type Estimate = z.infer<typeof estimate>;

const version = z.string().regex(/^\d+\.\d+(\.\d+)?$/, 'a version such as 0.24.0');

export const PRECISIONS = ['fp32', 'bf16', 'fp16', 'fp8', 'q8_0', 'q4_1'] as const;
export const precision = z.enum(PRECISIONS);
export type Precision = z.infer<typeof precision>;

export const architecture = z
  .strictObject({
    layers: count,
    hidden: count,
    heads: count.describe('Query heads.'),
    kvHeads: count,
    headDim: count,
    vocab: count,
    contextTokens: count.describe("The longest sequence that the model's positions allow."),
    ffn: count.optional().describe('Width of a dense feed-forward layer; left out when every layer has experts.'),
    tiedEmbeddings: z.boolean().default(false),
    qkNorm: z
      .enum(['none', 'head', 'layer'])
      .default('none')
      .describe('Norm on queries and keys: one weight a head dimension, or one over all heads (MiniMax-M2).'),
    moe: z
      .strictObject({
        experts: count,
        topK: count.describe('Experts that a token uses.'),
        expertFfn: count,
        sharedFfn: z.int().min(0).default(0).describe('Width of the experts that every token uses.'),
        denseLayers: z.int().min(0).default(0).describe('Leading layers without experts.'),
        routerBias: z.boolean().default(false),
      })
      .optional(),
  })
  .refine((a) => a.ffn !== undefined || (a.moe !== undefined && a.moe.denseLayers === 0), {
    path: ['ffn'],
    message: 'the width of the dense layers',
  })
  .refine((a) => a.moe === undefined || a.moe.topK <= a.moe.experts, {
    path: ['moe', 'topK'],
    message: 'at most as many as there are experts',
  })
  .refine((a) => a.moe === undefined || a.moe.denseLayers < a.layers, {
    path: ['moe', 'denseLayers'],
    message: 'fewer than layers',
  });
export type Architecture = z.infer<typeof architecture>;

export const modelSpec = z.strictObject({
  name: z.string().min(1).describe('As on the model hub, for example MiniMaxAI/MiniMax-M2.7.'),
  revision: z.string().min(1).default('main').describe('Pin a commit for a campaign that shall be repeatable.'),
  licence: z.strictObject({
    name: z.string().min(1),
    nonCommercial: z.boolean().default(false),
    notice: z.string().default('').describe('Shown by every command that uses the profile.'),
  }),
  architecture,
  weights: z
    .strictObject({
      precision: precision.default('bf16'),
      fp8Block: count
        .default(128)
        .describe('Edge of the square that shares one scale; shards must be multiples of it.'),
    })
    .prefault({}),
});

export const toleration = z.strictObject({
  key: z.string(),
  operator: z.enum(['Exists', 'Equal']).default('Exists'),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'NoExecute', 'PreferNoSchedule']).default('NoSchedule'),
});

/** A class of nodes. */
export const acceleratorSpec = z.strictObject({
  device: z.enum(['gpu', 'cpu']).default('gpu').describe('cpu: one process counts as one device.'),
  product: z.string().min(1),
  perNode: count.describe('Devices in one node.'),
  memoryGb: z.number().positive().describe("One device's memory in 10⁹ bytes; for cpu, what one pod may use."),
  hostMemory: kubernetesQuantity.describe("A node's main memory that pods may use."),
  resource: resourceName.default('nvidia.com/gpu').describe('The extended resource that pods ask for.'),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(toleration).default([]),
  onDemand: z
    .boolean()
    .default(false)
    .describe('Nodes come when pods ask for them: that there are too few of them now is no problem.'),
  topologyKey: labelKey.optional().describe('Node label of the network domain that a gang should share.'),
  rdma: z.strictObject({ resource: resourceName, perPod: count }).optional(),
  peakTflops: z.number().positive().optional().describe('Dense bf16, as the vendor states it.'),
  usdPerDeviceHour: z.number().positive().optional(),
});
export type AcceleratorSpec = z.infer<typeof acceleratorSpec>;

export const trainerSpec = z.strictObject({
  engine: z.enum(['megatron', 'jax']).default('megatron'),
  image: imageName,
  accelerator: z.string().describe('A name under accelerators.'),
  nodes: count,
  gpusPerNode: count,
  parallel: z.strictObject({
    tensor: count.default(1),
    pipeline: count.default(1),
    context: count.default(1),
    data: count,
    expert: count.default(1).describe('Experts are divided by this, over the same GPUs as tensor × context × data.'),
    expertTensor: count.default(1),
  }),
  precision: z
    .strictObject({
      weights: z.enum(['bf16', 'fp32']).default('bf16'),
      grads: z.enum(['bf16', 'fp32']).default('fp32'),
      master: z.enum(['fp32', 'none']).default('fp32').describe('none where the weights themselves are fp32.'),
      moments: z.enum(['bf16', 'fp32']).default('fp32'),
    })
    .prefault({}),
  shardOptimizer: z.boolean().default(true).describe("Megatron's distributed optimizer."),
  offload: z
    .enum(['none', 'optimizer'])
    .default('none')
    .describe('optimizer: master weights and moments in main memory.'),
  lora: z
    .strictObject({ rank: count, layers: count.describe('How many of the last layers carry an adapter.') })
    .optional()
    .describe('Adapters on attention and dense layers instead of full training.'),
  recompute: z.enum(['none', 'selective', 'full']).default('full'),
  microBatchSequences: count.default(1),
  batchSequences: count.describe('Sequences of one optimizer step.'),
  sequenceTokens: count.describe('The longest sequence that is trained on.'),
  lossChunkTokens: count.default(4096).describe('Tokens whose logits exist at once.'),
  reserveGb: z.number().min(0).default(6).describe('CUDA context, NCCL buffers and fragmentation, a GPU.'),
  saveEverySteps: count.default(10),
  onPreemption: z
    .enum(['metadata', 'full'])
    .default('metadata')
    .describe('What is saved on SIGTERM: only where it stands (periodic saves do the rest), or everything.'),
  terminationGrace: duration.default('120s'),
  startupWindow: duration.default('30m').describe('Until the first step; loading the weights is in it.'),
  mfu: estimate.optional().describe("Model FLOP/s achieved, as a share of the device's peak."),
  tokensPerSecond: estimate.optional().describe('Measured training speed of the whole trainer; used instead of mfu.'),
});

export const rolloutSpec = z.strictObject({
  server: z.enum(['vllm', 'llama-cpp']).default('vllm'),
  image: imageName,
  accelerator: z.string().describe('A name under accelerators.'),
  nodes: count,
  gpusPerNode: count,
  engines: count,
  gpusPerEngine: count,
  parallel: z
    .strictObject({
      tensor: count.default(1),
      data: count.default(1),
      expert: z.boolean().default(false).describe('--enable-expert-parallel: whole experts, over tensor × data GPUs.'),
    })
    .prefault({}),
  multiNode: z.boolean().default(false).describe('An engine may span nodes (LeaderWorkerSet).'),
  weights: precision.optional().describe("What is served; the model's own precision unless given."),
  kvPrecision: z.enum(['bf16', 'fp16', 'fp8']).default('bf16'),
  memoryUtilisation: fraction.default(0.9).describe('--gpu-memory-utilization'),
  runtimeOverheadGb: z.number().min(0).default(3.5).describe('CUDA graphs and peak activations of the server, a GPU.'),
  maxModelTokens: count,
  maxSequences: count.describe('Sequences that one engine runs at once.'),
  meanSequenceTokens: count.describe('Prompt and reply of a usual sequence; the KV budget is judged by it.'),
  meanGeneratedTokens: count.describe('What the model writes in a usual sequence.'),
  vllmVersion: version.optional().describe("The image's vLLM."),
  minimumVllmVersion: version.optional().describe('The first vLLM that serves the model.'),
  lora: z.boolean().default(false),
  tokensPerSecondPerGpu: estimate.describe('Generated tokens, all sequences of an engine together.'),
  probes: z
    .strictObject({
      startupWindow: duration.default('20m'),
      readinessPeriod: duration.default('5s'),
      livenessPeriod: duration.default('15s'),
      livenessFailures: count.default(8),
    })
    .prefault({}),
  terminationGrace: duration.default('60s'),
});

export const podResources = z.strictObject({
  cpu: kubernetesQuantity,
  cpuRequest: kubernetesQuantity
    .optional()
    .describe('Less than cpu where pods take turns on the cores of one node; cpu unless given.'),
  memory: kubernetesQuantity,
  ephemeralStorage: kubernetesQuantity
    .default('100Gi')
    .describe('0: not asked for, on nodes that do not count their disk.'),
  sharedMemory: kubernetesQuantity.default('64Mi').describe('/dev/shm, an emptyDir in memory that counts as memory.'),
});

export const profileSpec = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('Profile'),
  name: z
    .string()
    .max(40)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 40'),
  description: z.string().max(500).default(''),
  model: modelSpec,
  colocated: z.boolean().default(false).describe('Trainer and server take turns on the same devices.'),
  accelerators: z.record(z.string(), acceleratorSpec),
  trainer: trainerSpec,
  rollout: rolloutSpec,
  pods: z.strictObject({ trainer: podResources, rollout: podResources }),
  scheduling: z
    .strictObject({
      priorityClass: objectName.optional(),
      queue: kubernetesName.optional().describe("Kueue's LocalQueue; without one, pods are created at once."),
      topology: z
        .enum(['preferred', 'required'])
        .default('preferred')
        .describe('Whether Kueue places a gang in one domain of topologyKey where it can, or waits until it can.'),
      nodeLossSeconds: z.int().min(30).max(300).default(45).describe('How long a dead node is waited for.'),
    })
    .prefault({}),
  storage: z.strictObject({
    saveGbPerSecond: estimate.describe('All trainer nodes together, into the store.'),
    syncGbPerSecond: estimate.describe('Weights from trainer to servers.'),
    shared: z
      .strictObject({ claim: objectName })
      .optional()
      .describe('A volume that all pods of a trainer over several nodes write their resume checkpoints to.'),
    model: z
      .strictObject({
        claim: objectName,
        folder: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
          .optional(),
      })
      .optional()
      .describe("A volume with the base model's checkpoint, for pods that cannot reach the model hub."),
  }),
});
export type ProfileSpec = z.infer<typeof profileSpec>;
export type ModelSpec = ProfileSpec['model'];
export type TrainerSpec = ProfileSpec['trainer'];
export type RolloutSpec = ProfileSpec['rollout'];
