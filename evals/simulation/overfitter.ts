// Campaigns whose visible split rises: with the gate split, or without it.

import type { TaskRates } from '../../policies/paired-outcomes.ts';
import { createRandom } from '../../policies/random.ts';
import { type GapRound, gapState } from '../../policies/visible-gap.ts';
import { estimatePairedDifference } from '../statistics/estimate.ts';
import { evaluate, learn, makeWorld, type TaskWorld, USUAL } from './world.ts';

/** Points that the visible split rises a round. */
export const RISE = 0.015;

export interface GapRun {
  /** The first round that froze promotion. */
  readonly frozenAt?: number;
  /** What the last round says. */
  readonly why: string;
}

/**
 * Each round's gains over version 0 on 300 visible and 300 gate tasks, two attempts each, and the gap rule on them.
 * @param honest the gate split rises as the visible one does; otherwise it stays where it was
 */
export function runGap(seed: number, rounds: number, honest: boolean): GapRun {
  const [visible, gate] = [makeWorld(USUAL, 2 * seed), makeWorld(USUAL, 2 * seed + 1)];
  const random = createRandom('overfitter', seed);
  const measure = (world: TaskWorld, gain: number): TaskRates =>
    evaluate(world, learn(world, gain, 'task', createRandom('learns', seed)), 2, random);
  const [visibleStart, gateStart] = [measure(visible, 0), measure(gate, 0)];
  const measured: GapRound[] = [];
  let frozenAt: number | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const estimate = (world: TaskWorld, start: TaskRates, gain: number) =>
      estimatePairedDifference(clustered(world, measure(world, gain)), clustered(world, start), {
        confidence: 0.95,
        seed: round,
      });
    const rise = RISE * round;
    measured.push({
      round,
      visible: estimate(visible, visibleStart, rise),
      held: estimate(gate, gateStart, honest ? rise : 0),
    });
    if (gapState(measured).frozen) frozenAt ??= round;
  }
  const { why } = gapState(measured);
  return frozenAt === undefined ? { why } : { frozenAt, why };
}

const clustered = ({ locked }: TaskWorld, rates: TaskRates) =>
  locked.map(({ task, family }) => ({ task, cluster: family, value: rates.get(task)! }));
