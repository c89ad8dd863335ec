// Everything in the memory of the fullest trainer GPU, and in the main memory of a trainer node.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { activations } from './activations.ts';
import { deviceCapacity } from './device-memory.ts';
import { GB } from './precision.ts';
import { optimizerBytes, sumState, trainedParameters, trainerState } from './trainer-state.ts';

/** A named part of a memory, in bytes. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
}

export interface DeviceMemory {
  readonly parts: readonly Part[];
  readonly used: number;
  readonly capacity: number;
}

export function trainerMemory(profile: ProfileSpec): DeviceMemory {
  const { model, trainer } = profile;
  const stages = (['first', 'last'] as const).map((stage) => {
    const state = trainerState(model, trainer, stage);
    const active = activations(model.architecture, trainer, stage);
    const parts: Part[] = [
      { name: 'weights', bytes: state.weights },
      { name: 'gradients', bytes: state.gradients },
      { name: 'optimizer', bytes: state.optimizer },
      { name: 'activations', bytes: active.layers + active.working },
      { name: 'loss', bytes: active.loss },
      { name: 'reserve', bytes: trainer.reserveGb * GB },
      // The server sleeps, but its context and its CUDA graphs stay.
      ...(profile.colocated ? [{ name: 'sleeping server', bytes: profile.rollout.runtimeOverheadGb * GB }] : []),
    ];
    return { parts, used: parts.reduce((sum, part) => sum + part.bytes, 0) };
  });
  const fullest = stages.reduce((a, b) => (b.used > a.used ? b : a));
  return { ...fullest, capacity: deviceCapacity(profile, 'trainer') };
}

/** What a rank needs for itself: Python, CUDA's host side, data loading. An assumption. */
const HOST_BYTES_PER_RANK = 8 * GB;

/** Main memory of one trainer pod, without /dev/shm. */
export function trainerHostMemory({ model, trainer, colocated, accelerators }: ProfileSpec): Part[] {
  if (accelerators[trainer.accelerator]?.device === 'cpu') return [];
  const parts: Part[] = [{ name: 'processes', bytes: HOST_BYTES_PER_RANK * trainer.gpusPerNode }];
  if (trainer.offload === 'optimizer')
    parts.push({
      name: 'optimizer',
      bytes: (optimizerBytes(trainer) * trainedParameters(model, trainer)) / trainer.nodes,
    });
  // While the server generates, the trainer's state waits in main memory.
  if (colocated)
    parts.push({ name: 'state while generating', bytes: sumState(trainerState(model, trainer)) * trainer.gpusPerNode });
  return parts;
}
