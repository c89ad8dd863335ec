// When a team goes on by itself, and when only a human's word lets it. Pure.
import type { GateResult } from '../contracts/gate.ts';
import type { AnalysisBudget, TeamReport } from '../contracts/rl-team.ts';

/** A signed decision for exactly this; what a gate takes by itself, or by silence, triggers nothing. */
export const isTrigger = (result: GateResult, option: string): boolean =>
  result.how === 'decided' && result.option === option && !result.decision.body.unattended;

/** Why an analysis stops; undefined: another turn. */
export function stopsAnalysis(
  budget: AnalysisBudget,
  spent: { readonly turns: number; readonly tokens: number; readonly seconds: number; readonly done: boolean },
): TeamReport['stopped'] | undefined {
  if (spent.done) return 'done';
  if (spent.turns >= budget.turns) return 'turns';
  if (spent.tokens >= budget.tokens) return 'tokens';
  return spent.seconds >= budget.seconds ? 'time' : undefined;
}

export const MOST_KEPT_ITERATIONS = 50;
