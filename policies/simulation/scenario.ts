// What a simulation plays, and what came of it: absolute figures of one fleet, one split and one scheduler.
import type { TimelineStep } from '../../contracts/prediction.ts';
import type { RolloutRecord, SchedulerSpec } from '../../contracts/scheduler.ts';
import type { SimulationSpec } from '../../contracts/simulation.ts';
import type { Drawn } from './draw.ts';
import type { EngineSettings, Engines } from './engines.ts';

export interface Breakdowns {
  readonly meanSeconds: number;
  readonly recoverySeconds: number;
}

export interface Scenario {
  readonly seed: number;
  readonly steps: number;
  readonly scheduler: SchedulerSpec;
  /** Engines stand still while the trainer works. */
  readonly shared: boolean;
  readonly engines: EngineSettings & { readonly breakdowns?: Breakdowns | undefined };
  readonly rollout: Omit<SimulationSpec['rollout'], 'tokens' | 'environmentSeconds'> & {
    readonly tokens: Drawn;
    readonly environmentSeconds?: Drawn | undefined;
  };
  readonly trainer: {
    readonly fixedSeconds?: Drawn | undefined;
    /** Of all of it. */
    readonly tokensPerSecond?: number | undefined;
    readonly contextTokens: number;
    readonly breakdowns?: Breakdowns | undefined;
  };
  readonly weights: Drawn;
  /** After each step, with its weights. */
  readonly evaluation?: Drawn | undefined;
  /** Where environments run on the engines' devices: all of these, those of one engine, and what one environment keeps busy. */
  readonly besides?: { readonly devices: number; readonly ofEngine: number; readonly load: number } | undefined;
}

export interface Played {
  readonly seconds: number;
  readonly steps: readonly TimelineStep[];
  /** Seconds. */
  readonly trainer: { readonly training: number; readonly syncing: number; readonly recovering: number };
  readonly engines: ReturnType<Engines['totals']>;
  readonly tokens: {
    readonly generated: number;
    readonly trained: number;
    readonly wasted: number;
    readonly open: number;
  };
  readonly rollouts: Iterable<RolloutRecord>;
}
