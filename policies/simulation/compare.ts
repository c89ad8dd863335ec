// Holds a prediction against what a real run recorded, so that one knows how far to believe it.
import type { Timeline, TimelineStep } from '../../contracts/prediction.ts';

export type ComparedFigure = 'secondsPerStep' | 'tokensPerSecond' | 'trainerWaits' | 'trainingSeconds' | 'staleness';

export interface Compared {
  readonly figure: ComparedFigure;
  readonly measured: number;
  readonly predicted: number;
  /** Of rates and times: |predicted - measured| ÷ measured. Of the share of waiting: the difference; of versions: in versions. */
  readonly error: number;
  readonly isWithin: boolean;
}

export interface Comparison {
  readonly figures: readonly Compared[];
  readonly isWithin: boolean;
}

/** What the figures are computed from is the same on both sides: the steps, and nothing that only a simulation knows. */
const FIGURES = {
  secondsPerStep: { of: (steps) => span(steps) / steps.length, isRelative: true },
  tokensPerSecond: { of: (steps) => sum(steps, (step) => step.tokens) / span(steps), isRelative: true },
  trainerWaits: {
    of: (steps) => 1 - sum(steps, (step) => step.durableAt - step.takenAt) / span(steps),
    isRelative: false,
  },
  trainingSeconds: {
    of: (steps) => sum(steps, (step) => step.trainedAt - step.takenAt) / steps.length,
    isRelative: true,
  },
  staleness: {
    of: (steps) => sum(steps, (step) => step.staleness * step.rollouts) / sum(steps, (step) => step.rollouts),
    isRelative: false,
  },
} as const satisfies Record<ComparedFigure, { of: (steps: readonly TimelineStep[]) => number; isRelative: boolean }>;

/**
 * @param predicted several of them, by other seeds, count as their mean
 * @param skip steps at the beginning of all that do not count: while engines fill, a run is not what it will be
 * @param allowed the greatest error, of each figure by itself
 * @throws RangeError when a side has no step left
 */
export function compareTimelines(
  measured: Timeline,
  predicted: Timeline | readonly Timeline[],
  { allowed = 0.1, skip = 0 }: { readonly allowed?: number; readonly skip?: number } = {},
): Comparison {
  const played = 'steps' in predicted ? [predicted] : predicted;
  const counted = (one: Timeline): readonly TimelineStep[] => {
    const steps = one.steps.slice(skip);
    if (steps.length === 0) throw new RangeError(`no step is left after the first ${skip}`);
    // The time before the first counted step belongs to those that were skipped.
    return since(one, steps);
  };
  const real = counted(measured);
  const others = played.map(counted);
  const figures = (Object.keys(FIGURES) as ComparedFigure[]).map((figure): Compared => {
    const { of, isRelative } = FIGURES[figure];
    const [a, b] = [of(real), others.reduce((all, one) => all + of(one), 0) / others.length];
    const off = Math.abs(b - a);
    const error = !isRelative || off === 0 ? off : off / Math.abs(a);
    return { figure, measured: a, predicted: b, error, isWithin: error <= allowed };
  });
  return { figures, isWithin: figures.every((one) => one.isWithin) };
}

/** Shifted so that they begin when the step before them was durable. */
function since({ steps }: Timeline, counted: readonly TimelineStep[]): readonly TimelineStep[] {
  const from = steps.at(steps.length - counted.length - 1)?.durableAt ?? 0;
  const begin = counted.length === steps.length ? 0 : from;
  return counted.map((step) => ({
    ...step,
    ...{ takenAt: step.takenAt - begin, trainedAt: step.trainedAt - begin, durableAt: step.durableAt - begin },
  }));
}

const span = (steps: readonly TimelineStep[]): number => steps.at(-1)!.durableAt;
const sum = (steps: readonly TimelineStep[], of: (step: TimelineStep) => number): number =>
  steps.reduce((all, step) => all + of(step), 0);
