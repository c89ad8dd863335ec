// When a team goes on by itself, and when only a human's word lets it. Pure.
import type { GateResult } from '../contracts/gate.ts';
import type { ResearchBudget } from '../contracts/research.ts';
import type { AnalysisBudget, TeamReport } from '../contracts/rl-team.ts';
import { durationMs } from '../contracts/units.ts';

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

/** As of a research that is asked for by hand. */
const PLANNING: ResearchBudget = { turns: 60, tokens: 200_000, seconds: 1_800 };

/** What its planner may spend before it proposes: never more than the campaign that it plans from. */
export const planningBudget = (budget: { readonly tokens: number; readonly wallClock: string }): ResearchBudget => ({
  turns: PLANNING.turns,
  tokens: Math.min(PLANNING.tokens, budget.tokens),
  seconds: Math.min(PLANNING.seconds, Math.max(1, Math.floor(durationMs(budget.wallClock) / 1_000))),
});

export const MOST_KEPT_ITERATIONS = 50;
