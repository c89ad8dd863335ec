// Whether a campaign can afford another round.

export interface Cost {
  readonly tokens: number;
  readonly seconds: number;
}

export interface BudgetRuling {
  readonly action: 'continue' | 'stop';
  readonly why: string;
  /** What is left before the next round; never negative. */
  readonly left: Cost;
  readonly nextRound: Cost;
}

/**
 * What the next round will cost: the dearest of the last three rounds, for replies grow as training goes on and a budget
 * overrun costs more than a round left undone. Without any round yet: the `firstRound` guess.
 */
export function estimateRound(rounds: readonly Cost[], firstRound: Cost = { tokens: 0, seconds: 0 }): Cost {
  const recent = rounds.slice(-3);
  if (recent.length === 0) return firstRound;
  return {
    tokens: Math.max(...recent.map((round) => round.tokens)),
    seconds: Math.max(...recent.map((round) => round.seconds)),
  };
}

/**
 * Stops before a round that would overrun, not after it.
 * @param reserve kept for what follows the last round (sealed evaluation, report)
 */
export function checkBudget(input: {
  readonly budget: Cost;
  readonly spent: Cost;
  readonly nextRound: Cost;
  readonly reserve?: Cost;
}): BudgetRuling {
  const { budget, spent, nextRound, reserve = { tokens: 0, seconds: 0 } } = input;
  const left = {
    tokens: Math.max(0, budget.tokens - spent.tokens - reserve.tokens),
    seconds: Math.max(0, budget.seconds - spent.seconds - reserve.seconds),
  };
  const short: string[] = [];
  if (left.tokens <= 0 || nextRound.tokens > left.tokens)
    short.push(`${count(left.tokens)} tokens are left and a round takes about ${count(nextRound.tokens)}`);
  if (left.seconds <= 0 || nextRound.seconds > left.seconds)
    short.push(`${count(left.seconds)} s are left and a round takes about ${count(nextRound.seconds)} s`);
  if (short.length > 0) return { action: 'stop', why: `The budget is spent: ${short.join('; ')}.`, left, nextRound };
  const why = `${count(left.tokens)} tokens and ${count(left.seconds)} s are left; a round takes about ${count(nextRound.tokens)} tokens and ${count(nextRound.seconds)} s.`;
  return { action: 'continue', why, left, nextRound };
}

/** Thousands apart, without Intl: its tables differ between machines, and this text enters histories. */
const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
