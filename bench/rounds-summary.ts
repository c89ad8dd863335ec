// Measured rounds made into figures: medians with their whole range, ratios within a repetition.
import { spread } from './load.ts';
import type { RoundSample } from './rounds.ts';

export type Spread = ReturnType<typeof spread>;

export interface SizeSummary {
  readonly size: number;
  readonly seconds: Spread;
  readonly direct: Spread;
  /** Milliseconds that Temporal adds, divided by the training rollouts. */
  readonly perRollout: Spread;
  /** The same for the rollout stage alone, without what every round does once. */
  readonly perRolloutInStage: Spread;
  /** CPU milliseconds of server and worker, divided by the training rollouts. */
  readonly cpuPerRollout: Spread;
  readonly events: Spread;
  readonly bytes: Spread;
  readonly workflowTasks: Spread;
}

/** How a figure moves from one size to the next larger one; flat is a ratio of 1. */
export interface Growth {
  readonly from: number;
  readonly to: number;
  readonly perRollout: Spread;
  readonly perRolloutInStage: Spread;
  readonly cpuPerRollout: Spread;
  /** Milliseconds that each rollout beyond `from` adds: what a round does once cancels out. */
  readonly eachFurther: Spread;
}

export interface RoundsSummary {
  readonly sizes: readonly SizeSummary[];
  readonly growth: readonly Growth[];
}

export function summarise(samples: readonly RoundSample[]): RoundsSummary {
  const sizes = [...new Set(samples.map(({ size }) => size))].toSorted((a, b) => a - b);
  const growth = sizes.slice(1).map((to, n) => growthOf(samples, sizes[n]!, to));
  return { sizes: sizes.map((size) => sizeOf(samples, size)), growth };
}

const overhead = ({ seconds, direct }: RoundSample): number => 1000 * (seconds - direct);
const perRollout = (sample: RoundSample): number => overhead(sample) / sample.size;
/** The direct calls of the whole round are taken off: they are a thousandth of it. */
const perRolloutInStage = ({ size, rolloutSeconds, direct }: RoundSample): number =>
  (1000 * (rolloutSeconds - direct)) / size;
const cpuPerRollout = ({ cpu, size }: RoundSample): number => (1000 * cpu) / size;

function sizeOf(samples: readonly RoundSample[], size: number): SizeSummary {
  const of = (figure: (sample: RoundSample) => number): Spread =>
    spread(samples.filter((sample) => sample.size === size).map(figure));
  return {
    size,
    seconds: of(({ seconds }) => seconds),
    direct: of(({ direct }) => direct),
    perRollout: of(perRollout),
    perRolloutInStage: of(perRolloutInStage),
    cpuPerRollout: of(cpuPerRollout),
    events: of(({ history }) => history.events),
    bytes: of(({ history }) => history.bytes),
    workflowTasks: of(({ history }) => history.workflowTasks),
  };
}

function growthOf(samples: readonly RoundSample[], from: number, to: number): Growth {
  const pairs = samples
    .filter(({ size }) => size === from)
    .flatMap((small) => {
      const large = samples.find(({ size, repeat }) => size === to && repeat === small.repeat);
      return large === undefined ? [] : [{ small, large }];
    });
  const of = (figure: (pair: { small: RoundSample; large: RoundSample }) => number): Spread =>
    spread(pairs.map(figure));
  return {
    from,
    to,
    perRollout: of(({ small, large }) => perRollout(large) / perRollout(small)),
    perRolloutInStage: of(({ small, large }) => perRolloutInStage(large) / perRolloutInStage(small)),
    cpuPerRollout: of(({ small, large }) => cpuPerRollout(large) / cpuPerRollout(small)),
    eachFurther: of(({ small, large }) => (overhead(large) - overhead(small)) / (to - from)),
  };
}
