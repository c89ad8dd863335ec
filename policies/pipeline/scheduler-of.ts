// The scheduler of a campaign whose rollouts overlap with training, in groups, and how old what it trains on can be.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { durationMs } from '../../contracts/units.ts';
import { maxStaleness } from '../schedulers/position-window.ts';

type Rollouts = Pick<CampaignSpec['rollouts'], 'groupsPerRound' | 'groupSize' | 'concurrency' | 'timeout'>;

/** Beyond a rollout's own limit: grading, and waiting for a worker. */
const SLACK_SECONDS = 150;

/** Rollouts of one group that run at once. */
export const lanesOf = ({ groupSize, concurrency }: Rollouts): number => Math.min(groupSize, concurrency);

export function schedulerOf(pipeline: NonNullable<CampaignSpec['pipeline']>, rollouts: Rollouts): SchedulerSpec {
  const lanes = lanesOf(rollouts);
  const inTurn = Math.ceil(rollouts.groupSize / lanes);
  const usual = 3 * inTurn * (durationMs(rollouts.timeout) / 1000 + SLACK_SECONDS);
  return {
    ...pipeline.scheduler,
    batch: rollouts.groupsPerRound,
    concurrency: Math.max(1, Math.floor(rollouts.concurrency / lanes)),
    timeoutSeconds: pipeline.groupTimeout === undefined ? usual : durationMs(pipeline.groupTimeout) / 1000,
  };
}

/** Groups that a round may get in place of lost ones. */
export const replacementsOf = (
  { replacements }: NonNullable<CampaignSpec['pipeline']>,
  { groupsPerRound }: Pick<Rollouts, 'groupsPerRound'>,
): number => replacements ?? groupsPerRound;

/** The most rounds between a group's start and its training. */
export function stalenessBound(spec: SchedulerSpec): number {
  switch (spec.kind) {
    case 'synchronous':
      return 0;
    case 'position-window':
      return maxStaleness(spec);
    case 'age-window':
      return spec.maxAge;
    case 'admission-budget':
      return Math.ceil(spec.eta);
  }
}
