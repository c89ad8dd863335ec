// How fast it might go: estimates, each with the assumption it rests on. Nothing here decides whether a layout is accepted.
import type { Estimate, ProfileSpec } from '../../contracts/profile.ts';
import { checkpoints, weightSync } from './checkpoints.ts';
import { countParameters, queryWidth } from './parameters.ts';
import { worldSize } from './trainer-state.ts';

/**
 * Floating-point operations of forward and backward for one token in a sequence of `tokens`. Source: PaLM (arXiv 2204.02311),
 * appendix B: 6 N + 12 · layers · query width · tokens, the second term halved because attention is causal.
 */
export function flopsPerToken(profile: ProfileSpec, tokens: number): number {
  const { architecture } = profile.model;
  return 6 * countParameters(architecture).multiplied + 6 * architecture.layers * queryWidth(architecture) * tokens;
}

export interface Speed {
  readonly tokensPerSecond: number;
  /** What it is computed from, in words. */
  readonly basis: string;
}

/** Undefined where the profile says neither how busy nor how fast the trainer is. */
export function trainingSpeed(profile: ProfileSpec): Speed | undefined {
  const { trainer, rollout } = profile;
  if (trainer.tokensPerSecond !== undefined)
    return { tokensPerSecond: trainer.tokensPerSecond.value, basis: trainer.tokensPerSecond.source };
  const peak = profile.accelerators[trainer.accelerator]?.peakTflops;
  if (peak === undefined || trainer.mfu === undefined) return undefined;
  const flops = flopsPerToken(profile, rollout.meanSequenceTokens);
  const devices = worldSize(trainer);
  return {
    tokensPerSecond: (devices * peak * 1e12 * trainer.mfu.value) / flops,
    basis: `${Math.round(100 * trainer.mfu.value)}% of ${peak} TFLOP/s on ${devices} GPUs, ${(flops / 1e9).toFixed(0)} GFLOP a token; ${trainer.mfu.source}`,
  };
}

export function generationSpeed({ rollout }: ProfileSpec): Speed {
  const devices = rollout.engines * rollout.gpusPerEngine;
  const { value, source }: Estimate = rollout.tokensPerSecondPerGpu;
  return { tokensPerSecond: devices * value, basis: `${value} tokens/s on each of ${devices}; ${source}` };
}

/** Where the time of some work goes, in seconds. */
export interface Time {
  readonly generating: number;
  readonly training: number;
  readonly syncing: number;
  readonly saving: number;
  readonly total: number;
}

export interface Work {
  readonly generatedTokens: number;
  readonly trainedTokens: number;
  readonly syncs: number;
  readonly saves: number;
  /** Generation goes on while the trainer works: only servers with GPUs of their own can. */
  readonly overlapping: boolean;
}

/** Undefined without a training speed. */
export function timeOf(profile: ProfileSpec, work: Work): Time | undefined {
  const speed = trainingSpeed(profile);
  if (speed === undefined) return undefined;
  const generating = work.generatedTokens / generationSpeed(profile).tokensPerSecond;
  const training = work.trainedTokens / speed.tokensPerSecond;
  const syncing = work.syncs * weightSync(profile).seconds;
  const saving = work.saves * checkpoints(profile).saveSeconds;
  const both = work.overlapping ? Math.max(generating, training) : generating + training;
  return { generating, training, syncing, saving, total: both + syncing + saving };
}

/** One optimizer step on a batch of usual sequences, with its share of a periodic save. */
export function stepWork({ trainer, rollout, colocated }: ProfileSpec): Work {
  return {
    generatedTokens: trainer.batchSequences * rollout.meanGeneratedTokens,
    trainedTokens: trainer.batchSequences * Math.min(rollout.meanSequenceTokens, trainer.sequenceTokens),
    syncs: 1,
    saves: 1 / trainer.saveEverySteps,
    overlapping: !colocated,
  };
}
