// One move of a campaign whose rollouts overlap with training: look at the pool, let the scheduler decide, make that durable, tell what is to
// run. It may be repeated at any moment: what is told is a level, and follows from the record alone.
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { PipelineGroup, PipelineRecord, PipelineStep } from '../contracts/pipeline.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { TRAINABLE } from '../contracts/trajectory.ts';
import {
  advance,
  countsOf,
  firstRecord,
  type GroupEnd,
  inTraining,
  runningOf,
  stepAfter,
} from '../policies/pipeline/advance.ts';
import { replacementsOf, schedulerOf } from '../policies/pipeline/scheduler-of.ts';
import type { PipelineActivities } from './interface.ts';
import { drawTasks } from './locked-tasks.ts';
import { archived, type FoundRecord, readRecord, writeRecord } from './pipeline-record.ts';
import { planOf } from './plan-document.ts';
import { trajectoriesOf } from './plan-records.ts';
import type { Documents } from './read.ts';
import { startingPassRates } from './starting-pass-rates.ts';

type Move = Parameters<PipelineActivities['advancePipeline']>[0];

/** Two workers may move at once for a moment: one that was taken for dead, and its successor. */
const TRIES = 5;
/** Less than the scheduler's clock takes for a gap. */
const LOOKED_SECONDS = 60;

export function createPipelineActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  gateway: Pick<ModelGateway, 'trajectories'>;
  /** Seconds since the epoch. */
  now?: () => number;
}): PipelineActivities {
  const { store, documents, gateway, now = () => Date.now() / 1000 } = ports;
  /** Plans whose names are known to be there. */
  const named = new Set<string>();

  return {
    async advancePipeline(move) {
      const spec = await documents.spec(move.spec);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const record = await moveOn(spec, move);
        if (record !== undefined) return record;
      }
      throw new AnnealError('store.conflict', `the record of what runs of ${spec.name} is changed by somebody else`);
    },
  };

  async function moveOn(spec: CampaignSpec, move: Move) {
    const { record: before, tag } = (await readRecord(store, spec.name)) ?? begin(spec, move.version);
    const { record, retired, begun, taken, drained, lookAfter } = advance(before, {
      ...{ now: now(), version: move.version, policy: move.policy.number, ended: await endsOf(before, move.heard) },
      ...{ hold: move.hold === true, closing: move.closing === true },
      ...(move.spans === undefined ? {} : { spans: move.spans }),
    });
    const drawn = new Map<number, Promise<Drawn>>();
    const groups = await Promise.all(
      record.groups.map(async (group) => {
        if (!begun.includes(group.position)) return group;
        const plan = await planOfGroup(spec, move, group.position, drawn);
        return { ...group, plan: await documents.write(plan), rollouts: plan.rollouts.length };
      }),
    );
    const step = taken.length === 0 ? record.step : await stepOf(move, record.version + 1, inTraining({ groups }));
    const next: PipelineRecord = {
      ...{ ...record, groups },
      ...(step === undefined ? {} : { step }),
      ...(await archived(documents, record.archive, retired)),
    };
    if (!onlyLooked(before, next, tag) && !(await writeRecord(store, next, tag))) return undefined;
    // After the record, which decides: a plan whose name outlived a lost move would never be played.
    await Promise.all(next.groups.map((group) => nameOf(spec, group)));
    const decided = stepAfter(move.version, next);
    return {
      run: runningOf(next).map(({ position, plan, rollouts }) => ({ position, plan: plan!, rollouts: rollouts! })),
      givenUp: next.groups.flatMap(({ position, gaveUp }) => (gaveUp === undefined ? [] : [position])),
      ...(decided === undefined ? {} : { step: decided }),
      ...{ drained, lookAfter, counts: countsOf(next) },
    };
  }

  function begin(spec: CampaignSpec, version: number): FoundRecord {
    if (spec.pipeline === undefined) throw new AnnealError('internal.bug', `${spec.name} has no pipeline`);
    const scheduler = schedulerOf(spec.pipeline, spec.rollouts);
    const replacements = replacementsOf(spec.pipeline, spec.rollouts);
    return {
      record: firstRecord({ campaign: spec.name, scheduler, rounds: spec.rounds, version, now: now(), replacements }),
      tag: null,
    };
  }

  /** A group has ended when each of its rollouts has a trajectory, whoever recorded it. */
  async function endsOf(record: PipelineRecord, heard: Move['heard'] = []): Promise<Map<number, GroupEnd>> {
    const times = new Map(heard.map(({ position, at }) => [position, at]));
    const ends = await Promise.all(
      runningOf(record).map(async ({ position, plan }): Promise<[number, GroupEnd] | undefined> => {
        const planned = await documents.plan(plan!);
        const known = new Map(
          (await trajectoriesOf(gateway, { ...planned, byGroup: true })).map((t) => [t.rollout, t]),
        );
        const all = planned.rollouts.flatMap(({ id }) => known.get(id) ?? []);
        if (all.length < planned.rollouts.length) return undefined;
        const length = all.reduce((sum, { tokens }) => sum + tokens.completion, 0) / all.length;
        const trainable = all.some(({ outcome }) => TRAINABLE.has(outcome));
        return [position, { trainable, length, at: times.get(position) }];
      }),
    );
    return new Map(ends.filter((end) => end !== undefined));
  }

  interface Drawn {
    readonly tasks: RolloutPlan['tasks'];
    readonly selection: ReturnType<typeof drawTasks>;
  }

  /** The positions of a round's batch draw what the round draws. */
  function draw(spec: CampaignSpec, taskSet: ArtifactRef, round: number): Promise<Drawn> {
    return (async () => {
      const lock = await documents.lock(taskSet);
      const { tasks } = await documents.splitOf(lock, 'visible');
      const selection = drawTasks(spec, { tasks, startingPassRates: await startingPassRates(store, spec), round });
      return { tasks: lock.splits.visible.object, selection };
    })();
  }

  async function planOfGroup(
    spec: CampaignSpec,
    { taskSet, policy }: Move,
    position: number,
    drawn: Map<number, Promise<Drawn>>,
  ): Promise<RolloutPlan> {
    const { groupsPerRound, groupSize } = spec.rollouts;
    const [round, group] = [Math.floor(position / groupsPerRound) + 1, position % groupsPerRound];
    const drawing = drawn.get(round) ?? draw(spec, taskSet, round);
    drawn.set(round, drawing);
    const { tasks, selection } = await drawing;
    const chosen = selection.tasks[group]!;
    return planOf(spec, {
      ...{
        round,
        purpose: 'train',
        split: 'visible',
        policy,
        tasks,
        chosen: [chosen],
        firstGroup: group,
        samples: groupSize,
      },
      ...(group === 0 && selection.notes.length > 0 ? { notes: selection.notes } : {}),
    });
  }

  async function nameOf(spec: CampaignSpec, { position, policy, plan }: PipelineGroup): Promise<void> {
    if (plan === undefined || named.has(plan.sha256)) return;
    const { groupsPerRound } = spec.rollouts;
    const [round, group] = [Math.floor(position / groupsPerRound) + 1, position % groupsPerRound];
    await store.createNamed(`campaigns/${spec.name}/plans/r${round}.train.v${policy}.g${group}`, JSON.stringify(plan));
    named.add(plan.sha256);
  }

  /** What a round trains on, as one plan: rollouts of several draws, each sampled by the version that its id names. */
  async function stepOf({ policy }: Move, round: number, groups: readonly PipelineGroup[]): Promise<PipelineStep> {
    const plans = await Promise.all(groups.map(({ plan }) => documents.plan(plan!)));
    const others = new Map<number, PolicyVersion>();
    for (const plan of plans) if (plan.policy.number !== policy.number) others.set(plan.policy.number, plan.policy);
    const { notes: _, ...first } = plans[0]!;
    const rollouts = plans.flatMap((plan) => plan.rollouts);
    const sampledBy = [...others.values()].sort((a, b) => a.number - b.number);
    const step: RolloutPlan = { ...first, round, policy, sampledBy, rollouts };
    return { round, plan: await documents.write(step), rollouts: rollouts.length };
  }
}

/** Of a look that found nothing new only the time would be written: many groups that end wake the campaign more often than that is worth. */
function onlyLooked(before: PipelineRecord, next: PipelineRecord, tag: string | null): boolean {
  const since = next.clock.seenAt - before.clock.seenAt;
  return (
    tag !== null && since < LOOKED_SECONDS && canonicalJson({ ...next, clock: before.clock }) === canonicalJson(before)
  );
}
