// Draws from measured distributions. Each quantity has a stream of its own, so that schedulers are compared on the same rollouts.
import type { Distribution } from '../../contracts/simulation.ts';
import { createRandom, type Random } from '../random.ts';

export type Draw = () => number;

export type Drawn = Distribution & {
  /** `values` come in their order, round and round: what happened is played again, and nothing is drawn. */
  readonly inOrder?: true;
};

export function createDraw(of: Drawn, random: Random): Draw {
  const { mean = 0, cv = 0, values, inOrder, max = Number.POSITIVE_INFINITY } = of;
  if (values !== undefined && inOrder) {
    let next = 0;
    return () => Math.min(max, values[next++ % values.length]!);
  }
  if (values !== undefined) return () => Math.min(max, values[random.below(values.length)]!);
  if (cv === 0 || mean === 0) return () => Math.min(max, mean);
  // Of a log-normal with this mean and coefficient of variation: σ² = ln(1 + cv²), μ = ln(mean) - σ²/2.
  const variance = Math.log1p(cv * cv);
  const mu = Math.log(mean) - variance / 2;
  const sigma = Math.sqrt(variance);
  return () => Math.min(max, Math.exp(mu + sigma * normal(random)));
}

/** Box-Muller. */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());

/** The time until something that happens every `mean` on average happens. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random.unit());

export const stream = (seed: number, of: string): Random => createRandom('simulation', seed, of);
