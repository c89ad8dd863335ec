// Activations of one trainer GPU: an estimate. Source of the method: Korthikanti et al., "Reducing Activation Recomputation in
// Large Transformer Models" (arXiv 2205.05198), section 4: count what the backward pass needs of each layer. Their sum 34·sbh is
// for GELU and full attention; here it is counted anew for SwiGLU, grouped queries, flash attention (no scores kept) and routed
// experts, with sequence parallelism, so that every term is divided by TP and CP.
import type { Architecture, TrainerSpec } from '../../contracts/profile.ts';
import { denseLayers, kvWidth, moeLayers, queryWidth } from './parameters.ts';
import { BYTES } from './precision.ts';

/** A GPU's experts get this much more than their share of the tokens. An assumption: dropless routing bounds it only by luck. */
export const ROUTING_IMBALANCE = 1.25;
/** Logits and their gradients, both in fp32: MiniMax-M1 keeps the head in fp32 (arXiv 2506.13585, 3.2). */
const LOSS_BYTES = 2 * BYTES.fp32;

/** Bytes that one token leaves in one layer, on all GPUs that share it. */
export function layerBytesPerToken(
  a: Architecture,
  kind: 'dense' | 'moe',
  recompute: TrainerSpec['recompute'],
  bytes: number,
): number {
  const input = a.hidden;
  if (recompute === 'full') return bytes * input;
  // Selective recomputation (moe_act, layernorm) drops what norms and the gate's product give.
  const kept = recompute === 'none' ? 1 : 0;
  const q = queryWidth(a);
  const kv = kvWidth(a);
  const attention = input + kept * a.hidden + (q + 2 * kv) + (a.qkNorm === 'none' ? 0 : q + kv) + q;
  const logSumExp = BYTES.fp32 * a.heads;
  const between = a.hidden + kept * a.hidden;
  const gated = (width: number): number => 2 * width + kept * width;
  if (kind === 'dense') return bytes * (attention + between + gated(a.ffn ?? 0)) + logSumExp;
  const { experts = 0, topK = 0, expertFfn = 0, sharedFfn = 0 } = a.moe ?? {};
  const routed = ROUTING_IMBALANCE * topK * (2 * a.hidden + gated(expertFfn));
  return bytes * (attention + between + routed + gated(sharedFfn)) + logSumExp + BYTES.fp32 * experts;
}

export interface ActivationBytes {
  /** Kept from forward to backward, of all micro batches under way. */
  readonly layers: number;
  /** Of the layer that is being recomputed or differentiated. */
  readonly working: number;
  readonly loss: number;
}

/** Of a GPU of the first or the last pipeline stage, with the 1F1B schedule: the first stage has the most micro batches under way. */
export function activations(a: Architecture, trainer: TrainerSpec, stage: 'first' | 'last'): ActivationBytes {
  const { tensor, context, pipeline, data } = trainer.parallel;
  const bytes = BYTES[trainer.precision.weights];
  const tokens = (trainer.sequenceTokens * trainer.microBatchSequences) / context;
  const perLayer = (kind: 'dense' | 'moe', how: TrainerSpec['recompute']): number =>
    (layerBytesPerToken(a, kind, how, bytes) * tokens) / tensor;
  // Layers below the lowest adapter need no backward pass.
  const share = trainer.lora === undefined ? 1 : Math.min(1, trainer.lora.layers / a.layers);
  const all = moeLayers(a) * perLayer('moe', trainer.recompute) + denseLayers(a) * perLayer('dense', trainer.recompute);
  const microBatches = Math.max(1, trainer.batchSequences / (data * trainer.microBatchSequences));
  const underWay = stage === 'first' ? Math.min(pipeline, microBatches) : 1;
  const fullest = Math.max(
    moeLayers(a) > 0 ? perLayer('moe', 'none') : 0,
    denseLayers(a) > 0 ? perLayer('dense', 'none') : 0,
  );
  const last = stage === 'last' || pipeline === 1;
  const chunk = Math.min(trainer.lossChunkTokens, tokens);
  return {
    layers: (share * all * underWay) / pipeline,
    // Recomputed values and their gradients; without recomputation the values are counted above.
    working: fullest * (trainer.recompute === 'full' ? 2 : 1),
    loss: last ? (LOSS_BYTES * chunk * a.vocab) / tensor : 0,
  };
}
