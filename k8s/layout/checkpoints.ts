// What is written and moved: checkpoints to resume from, exported weights, and the weights that servers get after a step.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { countParameters } from './parameters.ts';
import { BYTES, GB } from './precision.ts';
import { servedBytes } from './server-memory.ts';
import { optimizerBytes, trainedParameters } from './trainer-state.ts';

/** Share of bf16 weights that one step changes. Source: about 99% of them are byte-identical from step to step. */
export const CHANGED_SHARE = 0.01;
/** Position of a changed value, as a difference to the one before: at best nothing, usually two bytes. */
const DELTA_INDEX_BYTES = 2;

export interface Checkpoints {
  /** Weights, master weights and both moments: 14 bytes a parameter with fp32 moments. */
  readonly resumeBytes: number;
  readonly saveSeconds: number;
  /** What users and evaluations get: bf16 safetensors, or the adapter. */
  readonly exportBytes: number;
  /** The same in fp8; undefined where an adapter is exported. */
  readonly fp8Bytes: number | undefined;
}

export function checkpoints({ model, trainer, storage }: ProfileSpec): Checkpoints {
  const trained = trainedParameters(model, trainer);
  const resumeBytes = trained * (BYTES[trainer.precision.weights] + optimizerBytes(trainer));
  return {
    resumeBytes,
    saveSeconds: resumeBytes / (storage.saveGbPerSecond.value * GB),
    exportBytes: trained * BYTES.bf16,
    fp8Bytes: trainer.lora === undefined ? servedBytes(model, 'fp8') : undefined,
  };
}

export interface WeightSync {
  readonly fullBytes: number;
  readonly deltaBytes: { readonly least: number; readonly most: number } | undefined;
  readonly seconds: number;
}

/** Full weights are sent in bf16, and quantised by the server. */
export function weightSync({ model, trainer, storage }: ProfileSpec): WeightSync {
  const total = countParameters(model.architecture).total;
  const fullBytes = trainedParameters(model, trainer) * BYTES.bf16;
  const changed = CHANGED_SHARE * total;
  return {
    fullBytes,
    deltaBytes:
      trainer.lora === undefined
        ? { least: changed * BYTES.bf16, most: changed * (BYTES.bf16 + DELTA_INDEX_BYTES) }
        : undefined,
    seconds: fullBytes / (storage.syncGbPerSecond.value * GB),
  };
}
