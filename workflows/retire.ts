// What a campaign's state sheds after each round, so that a run starts with less than 64 KiB whatever its number.
import type { CampaignState, RoundRecord, StageTime } from '../contracts/record.ts';

/** A round's record takes up to 3.5 KiB, and 2 KiB more where promotion is certified. */
const keptRounds = ({ certified }: CampaignState): number => (certified === undefined ? 12 : 8);

/** Rounds for the archive. The best version's stays: later verdicts compare with its measurement. */
export function olderRounds(state: CampaignState): RoundRecord[] {
  return state.rounds.slice(0, -keptRounds(state)).filter((r) => r.to !== state.best);
}

/** Takes archived rounds, their stages and unused versions out of the state. */
export function retire(state: CampaignState, older: readonly RoundRecord[]): void {
  if (older.length > 0) {
    state.rounds = state.rounds.filter((r) => !older.includes(r));
    state.stages = summed(state.stages, state.round - keptRounds(state));
  }
  state.policies = state.policies.filter((p) => p.number === 0 || p.number === state.best || p.number === state.latest);
}

/** Stages up to a round as one entry each, without the round: everything that shows times adds them up. */
function summed(stages: readonly StageTime[], upTo: number): StageTime[] {
  const sums = new Map<string, number>();
  const kept: StageTime[] = [];
  for (const one of stages) {
    if (one.round !== undefined && one.round > upTo) kept.push(one);
    else sums.set(one.stage, (sums.get(one.stage) ?? 0) + one.seconds);
  }
  return [...[...sums].map(([stage, seconds]) => ({ stage, seconds })), ...kept];
}
