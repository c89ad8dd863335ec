// What a campaign's budget buys under a profile, and what a day costs where there is no campaign.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { PipelineSpec } from '../../contracts/pipeline.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { stepWork, type Time, timeOf } from './speed.ts';

const HOUR = 3600;

export interface Spending {
  /** What is computed: a day at full speed, or a campaign to its end. */
  readonly of: 'day' | 'campaign';
  readonly steps: number;
  readonly rollouts: number;
  readonly generatedTokens: number;
  readonly trainedTokens: number;
  readonly hours: number;
  readonly time: Time;
  /** Generating goes on while the trainer works. */
  readonly overlapping: boolean;
  readonly deviceHours: number;
  readonly usd: number | undefined;
  /** Why the budget would not suffice. */
  readonly shortfalls: readonly string[];
}

/** GPU hours of trainer and servers, and their price; by turns, the same GPUs are counted once. */
export function priceOf(
  profile: ProfileSpec,
  hours: number,
  usdPerDeviceHour?: number,
): { deviceHours: number; usd: number | undefined } {
  const { trainer, rollout, accelerators, colocated } = profile;
  const roles = [
    { devices: trainer.nodes * trainer.gpusPerNode, accelerator: trainer.accelerator },
    ...(colocated ? [] : [{ devices: rollout.nodes * rollout.gpusPerNode, accelerator: rollout.accelerator }]),
  ];
  let usd: number | undefined = 0;
  let deviceHours = 0;
  for (const { devices, accelerator } of roles) {
    const price = usdPerDeviceHour ?? accelerators[accelerator]?.usdPerDeviceHour;
    deviceHours += devices * hours;
    usd = usd === undefined || price === undefined ? undefined : usd + devices * hours * price;
  }
  return { deviceHours, usd };
}

/** A day of steps one after the other. */
export function dayOf(profile: ProfileSpec, usdPerDeviceHour?: number): Spending | undefined {
  const work = stepWork(profile);
  const time = timeOf(profile, work);
  if (time === undefined) return undefined;
  const hours = 24;
  const steps = (hours * HOUR) / time.total;
  return {
    of: 'day',
    steps,
    rollouts: steps * profile.trainer.batchSequences,
    generatedTokens: steps * work.generatedTokens,
    trainedTokens: steps * work.trainedTokens,
    hours,
    time,
    overlapping: work.overlapping,
    ...priceOf(profile, hours, usdPerDeviceHour),
    shortfalls: [],
  };
}

/**
 * A campaign's rounds follow each other, so that nothing overlaps but by `pipeline`, as far as its scheduler starts anything while a round trains;
 * all tokens of the budget are taken to be spent.
 */
export function campaignSpending(
  profile: ProfileSpec,
  campaign: CampaignSpec,
  usdPerDeviceHour?: number,
): Spending | undefined {
  const { rollout, trainer } = profile;
  const rollouts = campaign.rounds * campaign.rollouts.groupsPerRound * campaign.rollouts.groupSize;
  const steps = campaign.rounds * campaign.training.steps;
  const reply = Math.min(campaign.harness.maxTokens, rollout.meanGeneratedTokens);
  const prompt = rollout.meanSequenceTokens - rollout.meanGeneratedTokens;
  const trainedTokens = rollouts * Math.min(prompt + reply, trainer.sequenceTokens);
  const overlapping = !profile.colocated && campaign.pipeline !== undefined && overlaps(campaign.pipeline.scheduler);
  const time = timeOf(profile, {
    generatedTokens: campaign.budget.tokens,
    trainedTokens,
    syncs: campaign.rounds,
    // At the end of a round, whatever the interval is.
    saves: campaign.rounds + Math.floor(steps / trainer.saveEverySteps),
    overlapping,
  });
  if (time === undefined) return undefined;
  const hours = time.total / HOUR;
  const allowed = durationMs(campaign.budget.wallClock) / 1000 / HOUR;
  const shortfalls: string[] = [];
  if (rollouts * reply > campaign.budget.tokens)
    shortfalls.push(
      `budget.tokens: ${campaign.rounds} rounds × ${rollouts / campaign.rounds} rollouts × ${reply} tokens = ${rollouts * reply}, and evaluation; the budget is ${campaign.budget.tokens}`,
    );
  if (hours > allowed)
    shortfalls.push(
      `budget.wallClock: about ${hours.toFixed(1)} h of work; the budget is ${campaign.budget.wallClock}`,
    );
  return {
    of: 'campaign',
    steps,
    rollouts,
    generatedTokens: campaign.budget.tokens,
    trainedTokens,
    hours,
    time,
    overlapping,
    ...priceOf(profile, hours, usdPerDeviceHour),
    shortfalls,
  };
}

/** Whether anything of the next round can be begun before this one is trained on. */
const overlaps = (scheduler: PipelineSpec['scheduler']): boolean =>
  scheduler.kind !== 'synchronous' && !(scheduler.kind === 'admission-budget' && scheduler.eta === 0);
