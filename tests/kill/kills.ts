// What is killed, and when. Kills of one campaign follow each other; each waits until the campaign has gone on from the last.
import type { CampaignStatus, Stage } from '../../contracts/record.ts';
import type { Journey, Part } from '../support/journey.ts';

export interface Kill {
  readonly name: string;
  /** `trainer`: the Python process; `wrapper`: the shell that watches it; `engine`: the process that generates tokens. */
  readonly what: Part | 'trainer' | 'wrapper' | 'engine';
  /** Whether this is the moment. */
  readonly at: (status: CampaignStatus, journey: Journey) => boolean;
  /** The activity that must be with the worker when the process dies: without one the kill would prove nothing. */
  readonly during?: string;
  /** The gate of this stage stays unanswered until the kill is over. */
  readonly gate?: Stage;
}
export interface Scenario {
  readonly campaign: string;
  readonly rounds: number;
  readonly kills: readonly Kill[];
}

/** Amid a stage: its work has begun; with `done`, as many rollouts or tasks are finished, and not all of them. */
const amid =
  (stage: Stage, { done = 0, round }: { done?: number; round?: number } = {}): Kill['at'] =>
  ({ stage: now, state, progress }) =>
    now === stage &&
    (round === undefined || state.round === round - 1) &&
    progress !== undefined &&
    progress.done >= done &&
    progress.done < progress.total;

/** Stages that last a moment and count nothing. */
const within =
  (stage: Stage): Kill['at'] =>
  (status) =>
    status.stage === stage;

export const jobOf = (campaign: string, round: number): string => `${campaign}-r${round}-train`;

/** After its first checkpoint and before its result. */
const midStep =
  (round: number): Kill['at'] =>
  ({ stage, state }, journey) =>
    stage === 'train' &&
    state.round === round - 1 &&
    journey.checkpointsOf(jobOf(state.campaign, round)).length >= 1 &&
    !journey.jobIsDone(jobOf(state.campaign, round));

export const SCENARIOS: readonly Scenario[] = [
  {
    campaign: 'kill-worker',
    rounds: 1,
    kills: [
      { name: 'worker-construct', what: 'worker', during: 'buildTaskSet', at: amid('construct') },
      { name: 'worker-baseline', what: 'worker', during: 'generate', at: amid('baseline') },
      { name: 'worker-rollout', what: 'worker', during: 'generate', at: amid('rollout', { done: 3 }) },
      { name: 'worker-train', what: 'worker', during: 'runJob', at: midStep(1) },
      { name: 'worker-evaluate', what: 'worker', at: amid('evaluate') },
      {
        name: 'worker-sealed-gate',
        what: 'worker',
        gate: 'sealed-gate',
        at: ({ stage, openGate }) => stage === 'sealed-gate' && openGate !== undefined,
      },
      { name: 'worker-sealed', what: 'worker', at: amid('sealed') },
      {
        name: 'worker-release-gate',
        what: 'worker',
        gate: 'release-gate',
        at: ({ stage, openGate }) => stage === 'release-gate' && openGate !== undefined,
      },
      { name: 'worker-release', what: 'worker', at: within('release') },
    ],
  },
  {
    campaign: 'kill-others',
    rounds: 2,
    kills: [
      { name: 'gateway-mid-request', what: 'gateway', during: 'generate', at: amid('rollout', { round: 1, done: 2 }) },
      { name: 'engine-mid-request', what: 'engine', during: 'generate', at: amid('rollout', { round: 1, done: 5 }) },
      { name: 'trainer-mid-step', what: 'trainer', at: midStep(1) },
      { name: 'policy-mid-request', what: 'policy', during: 'generate', at: amid('rollout', { round: 2, done: 2 }) },
      { name: 'temporal-rollout', what: 'temporal', at: amid('rollout', { round: 2, done: 6 }) },
      { name: 'wrapper-mid-step', what: 'wrapper', at: midStep(2) },
      { name: 'supervisor-sealed', what: 'supervisor', at: amid('sealed') },
      // Not right after a kill during the release: a report is written in less time than is spent on looking whether that went well.
      { name: 'worker-report', what: 'worker', at: within('report') },
    ],
  },
];
