// A campaign whose rollouts overlapped with its training, as a simulation: its own scheduler, and what its groups, trainings and measurements
// took, drawn from its durable record. So the prediction can be held against the very run, and other schedulers be tried on what it measured.
// The unit is a group, as it was there. How long one took is measured whole, engines, verification and waiting for either together: what is
// predicted is who waits for whom, not the speed of an engine.
// It is played twice: in the order of the record, and drawn from it in any order. A worker that was away, or a machine that had others to serve,
// made all that was under way longer at once; drawn one by one that counts as often as there were groups, played again it counts once.
import type { PipelineGroup, PipelineRecord, RoundSpans } from '../../contracts/pipeline.ts';
import type { Timeline, TimelineStep } from '../../contracts/prediction.ts';
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import { roundOf } from '../pipeline/advance.ts';
import { type Comparison, compareTimelines } from './compare.ts';
import type { Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';

export interface RecordedRun {
  readonly record: Pick<PipelineRecord, 'scheduler'>;
  /** All that ever started. */
  readonly groups: readonly PipelineGroup[];
  readonly spans: readonly RoundSpans[];
}

/** Which groups fail is chance. Fewer draws would make a mean of it; more cost a second. */
const SEEDS = 200;
const SOURCE = 'the durable record of the campaign';
/** An engine that takes no time: how long a group takes is measured whole. */
const AT_ONCE = [{ running: 1, tokensPerSecond: 1e12 }];

/**
 * What happened, in the words of a simulation: a step begins when its groups are there and the one before is done, and its version is durable
 * when the next groups can begin with it.
 * @throws RangeError when no round has trained
 */
export function timelineOf({ groups, spans }: RecordedRun): Timeline {
  const began = Math.min(...groups.map((group) => group.began));
  const steps: TimelineStep[] = [];
  let free = began;
  for (const { round, training, measuring } of [...spans].sort((a, b) => a.round - b.round)) {
    const taken = groups.filter((group) => roundOf(group) === round);
    if (taken.length === 0) continue;
    const complete = Math.max(...taken.map(({ ended = training[0] }) => ended));
    const takenAt = Math.min(Math.max(free, complete), training[1]);
    const trainedAt = training[1];
    const measured = measuring?.[1] ?? trainedAt;
    const next = groups.filter(({ version }) => version === round).map((group) => group.began);
    const durableAt = next.length === 0 ? measured : Math.max(measured, Math.min(...next));
    const at = (seconds: number): number => seconds - began;
    steps.push({
      ...{ version: round, takenAt: at(takenAt), trainedAt: at(trainedAt), durableAt: at(durableAt) },
      rollouts: taken.length,
      tokens: sum(taken.map(tokensOf)),
      staleness: sum(taken.map((group) => group.taken!.version - group.version)) / taken.length,
    });
    free = durableAt;
  }
  if (steps.length === 0) throw new RangeError('no round of it has trained');
  return { steps };
}

export interface Play {
  readonly seed: number;
  /** Another one, on what was measured. */
  readonly scheduler?: SchedulerSpec;
  /** Unless given, as many as there were. */
  readonly steps?: number;
  /** Each group and each round takes what it took. */
  readonly inOrder?: true;
}

export function scenarioOf(
  run: RecordedRun,
  { seed, scheduler = run.record.scheduler, steps, inOrder }: Play,
): Scenario {
  const { groups } = run;
  const real = timelineOf(run).steps;
  const ended = groups
    .filter(({ state, ended: at }) => (state === 'trained' || state === 'ready') && at !== undefined)
    .sort((a, b) => a.position - b.position);
  const lost = groups.filter(({ gaveUp }) => gaveUp?.reason === 'failed' || gaveUp?.reason === 'hung').length;
  const of = (values: readonly number[]) => ({
    ...{ values: [...values], source: SOURCE },
    ...(inOrder && { inOrder }),
  });
  return {
    ...{ seed, steps: steps ?? real.length, scheduler, shared: false },
    engines: { engines: 1, slots: scheduler.concurrency ?? groups.length, speed: AT_ONCE },
    rollout: {
      tokens: of(ended.map(tokensOf)),
      environmentSeconds: of(ended.map(({ began, ended: at }) => at! - began)),
      failureRate: { value: lost / groups.length, source: SOURCE },
      perSlot: 1,
    },
    trainer: { fixedSeconds: of(real.map(({ takenAt, trainedAt }) => trainedAt - takenAt)), contextTokens: 0 },
    weights: { mean: 0, source: SOURCE },
    evaluation: of(real.map(({ trainedAt, durableAt }) => durableAt - trainedAt)),
  };
}

export interface ComparedRun {
  /** In the order of the record: how well is known who waits for whom. */
  readonly again: Comparison;
  /** In any order: what could be said of a run before it begins. */
  readonly drawn: Comparison;
}

/** The mean of many plays beside what happened. */
export function compareRecorded(run: RecordedRun, allowed?: number): ComparedRun {
  const real = timelineOf(run);
  const compared = (how: Pick<Play, 'inOrder'>): Comparison => {
    const play = (_: unknown, seed: number): Timeline => ({
      steps: [...simulate(scenarioOf(run, { seed, ...how })).steps],
    });
    return compareTimelines(real, Array.from({ length: SEEDS }, play), allowed === undefined ? {} : { allowed });
  };
  return { again: compared({ inOrder: true }), drawn: compared({}) };
}

const tokensOf = ({ length = 0, rollouts = 1 }: PipelineGroup): number => length * rollouts;
const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
