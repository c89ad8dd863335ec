// From what a verifier found to a reward: outcome + α·process + β·speed, nothing of it where a hard gate failed or the outcome is 0.
import type { ComponentScore, GateResult } from '../contracts/judgement.ts';

export interface RewardShares {
  /** α: of the process components. */
  readonly process: number;
  /** β: of the speed component. */
  readonly speed: number;
}

/** What a campaign pays beside the outcome that names no shares: manner counts a little, speed nothing. */
export const SHARES: RewardShares = { process: 0.1, speed: 0 };

export interface ComposedReward {
  readonly total: number;
  /** Weighted means, 0…1, by kind; a kind without components is absent. */
  readonly outcome: number;
  readonly process?: number;
  readonly speed?: number;
  /** Every gate passed and every outcome component is full. */
  readonly solved: boolean;
}

export function composeReward(
  found: { readonly gates: readonly GateResult[]; readonly components: readonly ComponentScore[] },
  shares: RewardShares,
): ComposedReward {
  if (found.gates.some((gate) => !gate.passed)) return { total: 0, outcome: 0, solved: false };
  const mean = (kind: ComponentScore['kind']): number | undefined => {
    const own = found.components.filter((component) => component.kind === kind);
    const weight = own.reduce((sum, component) => sum + component.weight, 0);
    return weight === 0 ? undefined : own.reduce((sum, { score, weight: share }) => sum + score * share, 0) / weight;
  };
  const [outcome = 0, process, speed] = [mean('outcome'), mean('process'), mean('speed')];
  const outcomes = found.components.filter(({ kind }) => kind === 'outcome');
  return {
    // Manner adds to what was achieved: paid by itself, a cheat in the right form would earn what an honest failure in prose does not.
    total: outcome === 0 ? 0 : outcome + shares.process * (process ?? 0) + shares.speed * (speed ?? 0),
    outcome,
    ...(process === undefined ? {} : { process }),
    ...(speed === undefined ? {} : { speed }),
    solved: outcomes.length > 0 && outcomes.every(({ score }) => score === 1),
  };
}

/**
 * h(completion ÷ baseline): 1 at half the baseline or less, 0 at twice it or more, linear in the logarithm between. The time is
 * that inside the episode: a queue or a busy machine is nobody's merit.
 */
export function speedScore(seconds: number, baselineSeconds: number): number {
  const ratio = Math.max(seconds, 1e-9) / baselineSeconds;
  return Math.min(1, Math.max(0, (1 - Math.log2(ratio)) / 2));
}
