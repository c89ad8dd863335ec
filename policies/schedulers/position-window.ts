// Position window, Forge's windowed FIFO (arXiv 2605.26494v2, section 6.2.4): with the oldest unfinished rollout at position i,
// finished ones in [i, i + W - 1] may be trained on; those beyond wait, although done. Slow rollouts hold the window back
// instead of being left behind, so that lengths stay as they were drawn; nothing expires.
//
// With N rollouts outstanding (started and neither trained on nor given up), what is trained on is at most W - 1 positions ahead of
// the oldest one that is not, and at most N + W - 2 others are trained on between its start and its own turn: it starts when at
// least p + 1 - N of the positions before it have ended, and is taken when at most p + W - 1 others have been. In versions of
// B rollouts each: at most floor((N + W - 2) / B).
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { fullBatch, type SchedulingRule } from './contract.ts';

type Spec = Extract<SchedulerSpec, { kind: 'position-window' }>;

export function positionWindow({ batch, outstanding, window }: Spec): SchedulingRule {
  return {
    window,
    maxAge: Number.POSITIVE_INFINITY,
    // What is in training still counts: its successor starts with the version that it leads to.
    admits: ({ running, ready, training }) => outstanding - running - ready - training,
    takes: fullBatch(batch),
  };
}

/** The most positions ahead of the oldest one that anything is trained on. */
export const maxDisorder = ({ window }: Pick<Spec, 'window'>): number => window - 1;

/** The most others that are trained on between a rollout's start and its own turn. */
export const maxLag = ({ outstanding, window }: Pick<Spec, 'outstanding' | 'window'>): number =>
  outstanding + window - 2;

/** The most versions that anything is old when it is trained on. */
export const maxStaleness = (spec: Pick<Spec, 'batch' | 'outstanding' | 'window'>): number =>
  Math.floor(maxLag(spec) / spec.batch);
