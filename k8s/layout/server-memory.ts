// Memory of one device of a rollout server, and how many tokens its KV cache holds. Source: vLLM's rule that what
// --gpu-memory-utilization leaves beside weights and the profiled peak becomes KV blocks. The overhead of 3.5 GB a GPU is fitted to
// vLLM's recipe for MiniMax-M2 (4 × 96 GB: 400K tokens, 8 × 144 GB: up to 3M).
import type { Architecture, ModelSpec, Precision, ProfileSpec, RolloutSpec } from '../../contracts/profile.ts';
import { deviceCapacity } from './device-memory.ts';
import { countParameters, kvWidth } from './parameters.ts';
import { BYTES, GB } from './precision.ts';
import type { DeviceMemory } from './trainer-memory.ts';

export const servedPrecision = (model: ModelSpec, rollout: RolloutSpec): Precision =>
  rollout.weights ?? model.weights.precision;

/** Bytes of a quantised matrix: fp8 has one fp32 scale a block. */
const matrixBytes = (precision: Precision, block: number): number =>
  BYTES[precision] + (precision === 'fp8' ? BYTES.fp32 / block ** 2 : 0);

/** Embedding, head, router and norms stay in bf16 where the matrices are fp8 (modules_to_not_convert); GGUF quantises all. */
const otherBytes = (precision: Precision): number => (precision === 'fp8' ? BYTES.bf16 : BYTES[precision]);

/** The whole model as it is served. */
export function servedBytes(model: ModelSpec, precision: Precision): number {
  const p = countParameters(model.architecture);
  const matrices = p.attention + p.dense + p.experts;
  return matrices * matrixBytes(precision, model.weights.fp8Block) + (p.total - matrices) * otherBytes(precision);
}

/** Of one GPU. Attention is copied by data-parallel ranks; experts are divided over tensor × data, as whole ones or in slices. */
export function serverWeightBytes(model: ModelSpec, rollout: RolloutSpec): number {
  const p = countParameters(model.architecture);
  const precision = servedPrecision(model, rollout);
  const { tensor, data } = rollout.parallel;
  const matrix = matrixBytes(precision, model.weights.fp8Block);
  const other = otherBytes(precision);
  return (
    matrix * ((p.attention + p.dense) / tensor + p.experts / (tensor * data)) +
    other * ((p.embedding + p.head) / tensor + p.replicated)
  );
}

/** Keys and values of one token in all layers: 2 × layers × KV heads × head dimension. */
export const kvBytesPerToken = (a: Architecture, precision: Precision): number =>
  2 * a.layers * kvWidth(a) * BYTES[precision];

/** On one GPU: with more tensor ranks than KV heads, heads are copied. */
export const kvBytesPerTokenPerGpu = (a: Architecture, rollout: RolloutSpec): number =>
  2 * a.layers * Math.ceil(a.kvHeads / rollout.parallel.tensor) * a.headDim * BYTES[rollout.kvPrecision];

export interface ServerMemory extends DeviceMemory {
  /** Beside weights and overhead; may be negative, then nothing fits. */
  readonly kvBytes: number;
  /** Of one data-parallel rank: a sequence lives in one. */
  readonly kvTokensPerRank: number;
  readonly kvTokensPerEngine: number;
  readonly kvTokens: number;
  /** Sequences of full context, and of the usual length, that all engines hold at once. */
  readonly fullSequences: number;
  readonly usualSequences: number;
}

export function serverMemory(profile: ProfileSpec): ServerMemory {
  const { model, rollout } = profile;
  const capacity = deviceCapacity(profile, 'rollout');
  const weights = serverWeightBytes(model, rollout);
  const overhead = rollout.runtimeOverheadGb * GB;
  const usable = capacity * rollout.memoryUtilisation;
  const kvBytes = usable - weights - overhead;
  const kvTokensPerRank = Math.max(0, Math.floor(kvBytes / kvBytesPerTokenPerGpu(model.architecture, rollout)));
  const ranks = rollout.parallel.data;
  const sequences = (tokens: number, cap: number): number =>
    rollout.engines * Math.min(cap, ranks * Math.floor(kvTokensPerRank / tokens));
  return {
    parts: [
      { name: 'weights', bytes: weights },
      { name: 'overhead', bytes: overhead },
      { name: 'KV cache', bytes: Math.max(0, kvBytes) },
    ],
    used: Math.max(usable, weights + overhead),
    capacity,
    kvBytes,
    kvTokensPerRank,
    kvTokensPerEngine: kvTokensPerRank * ranks,
    kvTokens: kvTokensPerRank * ranks * rollout.engines,
    fullSequences: sequences(rollout.maxModelTokens, rollout.maxSequences),
    usualSequences: sequences(rollout.meanSequenceTokens, rollout.maxSequences),
  };
}
