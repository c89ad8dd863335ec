// Which round a campaign is in. Its state counts finished ones, so that a resumed campaign plays an unfinished one again.
import type { CampaignStatus, Stage } from '../../contracts/record.ts';

/** The stages of a round, in their order. */
export const LOOP: readonly Stage[] = ['rollout', 'train', 'evaluate', 'decide'];

/** The round at work; before the first and after the last, the number of finished ones. */
export function currentRound({ state, stage }: CampaignStatus): number {
  if (!LOOP.includes(stage)) return state.round;
  const last = state.stages.at(-1);
  // The stage that ended a round is shown until the next one starts.
  const justFinished = last?.stage === stage && last.round === state.round;
  return justFinished ? state.round : state.round + 1;
}
