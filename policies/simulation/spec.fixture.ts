// A small input with constant figures, to be changed where a test looks.

import type { Prediction } from '../../contracts/prediction.ts';
import { type SchedulerChoice, type SimulationSpec, simulationSpec } from '../../contracts/simulation.ts';
import { predictOne, type Split } from './predict.ts';

const source = 'assumption: a test';
export const constant = (mean: number) => ({ mean, source });
export const measured = (value: number) => ({ value, source });

/** Four engines of one device and one sequence at 10 tokens/s; 100 tokens a rollout, 3 s a step, 1 s for the weights. */
export const BASE = {
  ...{ apiVersion: 'anneal/v1', kind: 'Simulation', name: 'test', steps: 20 },
  fleet: { devices: [8], trainerShares: [0.5] },
  batch: { rollouts: 4 },
  schedulers: [{ kind: 'synchronous' }],
  rollout: { tokens: constant(100) },
  engine: { devices: 1, slots: 1, speed: [{ running: 1, tokensPerSecond: 10 }], source },
  trainer: { fixedSeconds: constant(3) },
  weights: { seconds: constant(1) },
} as const;

export const specOf = (changes: Record<string, unknown> = {}): SimulationSpec =>
  simulationSpec.parse({ ...BASE, ...changes });

export function predicted(
  changes: Record<string, unknown> = {},
  choice: SchedulerChoice = { kind: 'synchronous' },
  split: Split = { devices: 8, trainerShare: 0.5 },
): Prediction {
  const found = predictOne(specOf(changes), split, choice);
  if (found.kind === 'impossible') throw new Error(found.reason);
  return found;
}

/** That many values with equal shares, as the exponential distribution has them. */
export const exponentialValues = (mean: number, count: number): number[] => {
  const values = Array.from({ length: count }, (_, index) => -Math.log(1 - (index + 0.5) / count));
  const scale = mean / (values.reduce((all, value) => all + value, 0) / count);
  return values.map((value) => value * scale);
};
