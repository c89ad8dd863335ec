// Weights, gradients and optimizer of one trainer GPU. Source: Megatron-Core's distributed optimizer and the estimator of
// Megatron-Bridge (theoretical_memory_utils): 6 + 12/d bytes a parameter with bf16 weights, fp32 gradients, master weights and
// moments, where d devices share the optimizer of a parameter: DP·CP for dense ones, world / (PP·EP·ETP) for experts.
import type { ModelSpec, TrainerSpec } from '../../contracts/profile.ts';
import { countAdapter, countParameters } from './parameters.ts';
import { BYTES } from './precision.ts';

export interface StateBytes {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
}

export const sumState = (state: StateBytes): number => state.weights + state.gradients + state.optimizer;

/** GPUs of the trainer by its parallel sizes. */
export const worldSize = ({ parallel: p }: TrainerSpec): number => p.tensor * p.pipeline * p.context * p.data;

/** Devices that hold a copy of the same shard, hence share its optimizer. */
export function sharers(trainer: TrainerSpec): { dense: number; experts: number } {
  const { parallel: p } = trainer;
  if (!trainer.shardOptimizer) return { dense: 1, experts: 1 };
  return {
    dense: p.data * p.context,
    experts: Math.max(1, worldSize(trainer) / (p.pipeline * p.expert * p.expertTensor)),
  };
}

/** Parameters of which one GPU of a pipeline stage holds weights. The first stage also has the embedding, the last the head. */
export function heldParameters(
  model: ModelSpec,
  { parallel: p }: TrainerSpec,
  stage: 'first' | 'last',
): { dense: number; experts: number } {
  const all = countParameters(model.architecture);
  const single = p.pipeline === 1;
  // With tied embeddings the last stage keeps its own copy of the embedding.
  const head = all.head === 0 && !single ? all.embedding : all.head;
  const ends = (single || stage === 'first' ? all.embedding : 0) + (single || stage === 'last' ? head : 0);
  return {
    dense: (all.attention + all.dense) / (p.tensor * p.pipeline) + all.replicated / p.pipeline + ends / p.tensor,
    experts: all.experts / (p.pipeline * p.expert * p.expertTensor),
  };
}

/** What an optimizer keeps of a parameter: master weights and two moments. */
export function optimizerBytes({ precision }: TrainerSpec): number {
  return (precision.master === 'fp32' ? BYTES.fp32 : 0) + 2 * BYTES[precision.moments];
}

/** State of the fullest GPU of a stage. Under LoRA the base is frozen: it has neither gradients nor an optimizer. */
export function trainerState(model: ModelSpec, trainer: TrainerSpec, stage: 'first' | 'last' = 'first'): StateBytes {
  const held = heldParameters(model, trainer, stage);
  const weight = BYTES[trainer.precision.weights];
  const grad = BYTES[trainer.precision.grads];
  const d = sharers(trainer);
  const onDevice = trainer.offload === 'optimizer' ? 0 : optimizerBytes(trainer);
  if (trainer.lora !== undefined) {
    const { tensor, pipeline } = trainer.parallel;
    const adapter = countAdapter(model.architecture, trainer.lora) / (tensor * pipeline);
    return {
      weights: weight * (held.dense + held.experts + adapter),
      gradients: grad * adapter,
      optimizer: (onDevice * adapter) / d.dense,
    };
  }
  return {
    weights: weight * (held.dense + held.experts),
    gradients: grad * (held.dense + held.experts),
    optimizer: onDevice * (held.dense / d.dense + held.experts / d.experts),
  };
}

/** All copies counted once: what a full checkpoint to resume from holds, with gradients what the whole trainer needs. */
export function trainedParameters(model: ModelSpec, trainer: TrainerSpec): number {
  return trainer.lora === undefined
    ? countParameters(model.architecture).total
    : countAdapter(model.architecture, trainer.lora);
}
