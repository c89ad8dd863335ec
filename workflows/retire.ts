// What a campaign's state sheds after each round, so that a run starts with less than 64 KiB whatever its number.
import type { CampaignState, RoundRecord, StageTime } from '../contracts/record.ts';

/** In characters of JSON, of the records of rounds and of what else of a state may be large. */
const MOST = 52 * 1024;

/**
 * A round's record takes up to 3.5 KiB, and 2 KiB more where promotion is certified; where servers were given up, half a KiB for each of them
 * in every move of the round. The newest is always kept.
 */
function keptRounds({ certified, rounds, best, givenUp }: CampaignState): number {
  const newest = rounds.slice(certified === undefined ? -12 : -8).reverse();
  let left = MOST - sizeOf(givenUp) - sizeOf(rounds.find((r) => r.to === best && !newest.includes(r)));
  const tooMany = newest.findIndex((r, index) => {
    left -= sizeOf(r);
    return left < 0 && index > 0;
  });
  return tooMany === -1 ? newest.length : tooMany;
}

const sizeOf = (value: unknown): number => (value === undefined ? 0 : JSON.stringify(value).length);

/** Rounds for the archive. The best version's stays: later verdicts compare with its measurement. */
export function olderRounds(state: CampaignState): RoundRecord[] {
  return state.rounds.slice(0, state.rounds.length - keptRounds(state)).filter((r) => r.to !== state.best);
}

/** Takes archived rounds, their stages and unused versions out of the state. */
export function retire(state: CampaignState, older: readonly RoundRecord[]): void {
  if (older.length > 0) {
    const kept = keptRounds(state);
    state.rounds = state.rounds.filter((r) => !older.includes(r));
    state.stages = summed(state.stages, state.round - kept);
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
