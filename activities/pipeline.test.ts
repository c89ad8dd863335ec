// A campaign whose rollouts overlap with training, by its real records: plans, batches, the report's ledger and figures. Who is killed between
// two moves finds the same; what was given up is never trained on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { PipelineSpec, RoundSpans } from '../contracts/pipeline.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { RoundRecord } from '../contracts/record.ts';
import { type RecordedCampaign, recordCampaign } from '../tests/support/recorded-campaign.ts';
import { createPipelineActivities } from './pipeline.ts';
import { readRecord, readWhole } from './pipeline-record.ts';

const pipeline: PipelineSpec = {
  mode: 'async',
  scheduler: { kind: 'position-window', outstanding: 4, window: 2 },
};
let root: string;
let campaign: RecordedCampaign;
let now: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-overlap-'));
  now = 1_000;
  campaign = await recordCampaign(root, { pipeline, rounds: 3 });
  await campaign.start();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const zero = (): PolicyVersion => campaign.state.policies[0]!;
const versioned = (number: number): PolicyVersion => ({
  ...zero(),
  ...{ number, name: `quickstart.v${number}` as PolicyVersion['name'], parent: 0 },
});

/** A new process each time: it knows nothing but what is stored. */
function move(
  how: {
    policy?: PolicyVersion;
    hold?: boolean;
    closing?: boolean;
    heard?: { position: number; at: number }[];
    spans?: RoundSpans;
  } = {},
) {
  const { store, documents, state } = campaign;
  const gateway = {
    trajectories: async (prefix: string) => campaign.pool.trajectories.filter((t) => t.rollout.startsWith(prefix)),
  };
  const { advancePipeline } = createPipelineActivities({ store, documents, gateway, now: () => now });
  now += 1;
  const base = { spec: state.spec, taskSet: state.taskSet!, version: state.round };
  return advancePipeline({ ...base, policy: versioned(state.latest), ...how });
}

type Level = Awaited<ReturnType<typeof move>>;
const places = ({ run }: Level): number[] => run.map(({ position }) => position);

/** All of a running group's rollouts are recorded. */
async function finish(level: Level, position: number): Promise<void> {
  const { plan, rollouts } = level.run.find((one) => one.position === position)!;
  await campaign.record({ plan, rollouts, groupSize: 2 });
}

/** Trains on what the level offers, measures, and goes on from the new version or, where it reverts, from before. */
async function trained({ step }: Level, verdict: 'hold' | 'revert' = 'hold'): Promise<RoundRecord> {
  const { state, documents } = campaign;
  const handle = { plan: step!.plan, rollouts: step!.rollouts, groupSize: 2 };
  const round = state.round + 1;
  const { account, job } = await campaign.train(handle);
  const policy = versioned(round);
  const record: RoundRecord = {
    ...{ round, from: state.latest, to: round, verdict, why: 'Scripted.', policy, account, tokens: 1, seconds: 1 },
    ...{
      gate: await campaign.measure(await campaign.evaluate(round, policy)),
      visible: await campaign.measure(handle),
    },
    training: { job: job.name, result: await documents.write(job), metrics: await documents.write([]) },
    ledger: { requested: handle.rollouts, trained: job.trained.length, masked: {}, cancelled: 0 },
    plan: handle.plan,
  };
  state.rounds.push(record);
  state.round = round;
  if (verdict === 'hold') state.latest = round;
  return record;
}

describe('time', () => {
  it('is when somebody heard that a group ended, not when it was looked for', async () => {
    const level = await move();
    const began = now;
    await finish(level, 0);
    now += 100;
    await move({ heard: [{ position: 0, at: began + 7 }] });
    const { groups } = (await readWhole(campaign.store, campaign.documents, campaign.spec.name))!;
    expect(groups[0]).toMatchObject({ position: 0, ended: began + 7 });
  });
});

describe('moves', () => {
  it('start what the scheduler admits, one group of a draw each, by plans that are named', async () => {
    const level = await move();
    // Two rollouts at once are one group of two.
    expect(places(level)).toEqual([0]);
    const plan = await campaign.documents.plan(level.run[0]!.plan);
    expect(plan.rollouts.map(({ id }) => id)).toEqual(['quickstart/r1/train.v0/g0/s0', 'quickstart/r1/train.v0/g0/s1']);
    expect(await campaign.store.listNamed('campaigns/quickstart/plans/r1.train')).toEqual([
      'campaigns/quickstart/plans/r1.train.v0.g0',
    ]);
    expect(await move()).toMatchObject({ run: level.run, drained: false });
  });

  it('draw what rounds in turn would', async () => {
    const { activities, state } = campaign;
    const base = { spec: state.spec, taskSet: state.taskSet!, policy: zero() };
    const inTurn = await Promise.all([1, 2].map((round) => activities.planTraining({ ...base, round })));
    const wanted = await Promise.all(inTurn.map(async ({ plan }) => (await campaign.documents.plan(plan)).rollouts));
    const got = [];
    for (let position = 0; position < 4; position += 1) {
      const level = await move();
      got.push(...(await campaign.documents.plan(level.run[0]!.plan)).rollouts);
      await finish(level, position);
    }
    expect(got).toEqual(wanted.flat());
  });

  it('by two workers at once give each group one plan', async () => {
    const [one, other] = await Promise.all([move(), move()]);
    expect(one.run).toEqual(other.run);
  });
});

describe('what is trained on', () => {
  it('carries the version that each sample began with', async () => {
    for (const position of [0, 1]) await finish(await move(), position);
    const first = await move();
    expect(first.step).toMatchObject({ round: 1, rollouts: 4 });
    await finish(first, 2);
    await trained(first);
    await finish(await move(), 3);
    const second = await move();
    const { sampledBy, policy } = await campaign.documents.plan(second.step!.plan);
    expect([policy.number, sampledBy?.map(({ number }) => number)]).toEqual([1, [0]]);
    const { document } = await campaign.activities.assembleBatch({
      ...{ spec: campaign.state.spec, plan: second.step!.plan, round: 2, from: versioned(1), to: 2 },
    });
    const lines = new TextDecoder()
      .decode(await campaign.store.get(document!.inputs.batch))
      .trim()
      .split('\n');
    const sample = z.looseObject({ id: z.string(), policyVersion: z.int() });
    const told = lines.map((line) => sample.parse(JSON.parse(line)));
    expect(told.map(({ id, policyVersion }) => [id.split('/').slice(1, 4).join('/'), policyVersion])).toEqual([
      ['r2/train.v0/g0', 0],
      ['r2/train.v0/g0', 0],
      ['r2/train.v1/g1', 1],
      ['r2/train.v1/g1', 1],
    ]);
    expect(document!.algorithm.maxStaleness).toBe(2);
  });

  it('is the same when a round is played again, because whoever had finished it was gone before it was saved', async () => {
    for (const position of [0, 1]) await finish(await move(), position);
    const first = await move();
    await finish(first, 2);
    await finish(await move(), 3);
    await trained(first);
    const spans = { round: 1, training: [1_001, 1_002] as [number, number] };
    await move({ hold: true, spans });

    const { state } = campaign;
    const unsaved = { round: state.round, latest: state.latest };
    Object.assign(state, { round: 0, latest: 0 });
    const again = await move();
    expect(again.step).toEqual(first.step);
    // Nothing of the next round is taken with the version before this one.
    expect((await readRecord(campaign.store, campaign.spec.name))!.record.step).toBeUndefined();
    Object.assign(state, unsaved);
    await move({ hold: true, spans });

    const second = await move();
    expect(second.step).toMatchObject({ round: 2, rollouts: 4 });
    const plans = await Promise.all([first, second].map(({ step }) => campaign.documents.plan(step!.plan)));
    expect(new Set(plans.flatMap(({ rollouts }) => rollouts.map(({ id }) => id))).size).toBe(8);
    const whole = (await readWhole(campaign.store, campaign.documents, campaign.spec.name))!;
    expect(whole.spans).toEqual([spans]);
  });

  it('may be older by number than in rounds, where versions were left behind: the trainer is told', async () => {
    for (const position of [0, 1]) await finish(await move(), position);
    const level = await move();
    await finish(level, 2);
    await trained(level);
    campaign.state.round = 5;
    const plan = { ...(await campaign.documents.plan(level.step!.plan)), policy: versioned(5), sampledBy: [zero()] };
    const { document } = await campaign.activities.assembleBatch({
      ...{ spec: campaign.state.spec, plan: await campaign.documents.write(plan), round: 6, from: versioned(5), to: 6 },
    });
    expect(document!.algorithm.maxStaleness).toBe(5);
  });
});

describe('the ledger', () => {
  async function throughout(): Promise<void> {
    for (let round = 0; round < 3; ) {
      const level = await move();
      if (level.step !== undefined) {
        await trained(level);
        round += 1;
      } else await finish(level, level.run[0]!.position);
    }
    await move({ hold: true });
  }

  it('balances over rounds that share draws', async () => {
    await throughout();
    await move({ closing: true });
    const { conservation, pipeline: told } = await campaign.report('refused');
    expect(conservation.problems).toEqual([]);
    expect(conservation).toMatchObject({ prompts: 12, trained: 12, masked: {}, cancelled: 0 });
    expect(conservation.rounds).toEqual(
      [1, 2, 3].map((round) => ({ round, requested: 4, trained: 4, masked: {}, cancelled: 0 })),
    );
    expect(told).toMatchObject({ started: 6, trained: 6, open: 0, givenUp: {}, bound: 2 });
    expect(told!.staleness.max).toBeLessThanOrEqual(2);
  });

  it('has what was given up, by its reason, although the pool could train on it', async () => {
    for (const position of [0, 1]) await finish(await move(), position);
    const first = await move();
    await finish(first, 2);
    await move();
    await trained(first);
    // Version 1 samples, and is left behind with the next verdict.
    await finish(await move(), 3);
    const second = await move();
    await finish(second, 4);
    await trained(second, 'revert');
    campaign.state.latest = 0;
    await move();
    await move({ closing: true });
    const { conservation, pipeline: told } = await campaign.report('refused');
    expect(conservation.problems).toEqual([]);
    expect(told!.givenUp.reverted).toBeGreaterThan(0);
    expect(conservation.masked.reverted).toBe(told!.givenUp.reverted! * 2);
    expect(conservation.prompts).toBe(
      conservation.trained + Object.values(conservation.masked).reduce((a, b) => a + b, 0),
    );
  });

  it('has another group for one that was lost, in the row of the round that trained on it', async () => {
    const first = await move();
    const { pool } = campaign;
    await finish(first, 0);
    // None of its rollouts can train.
    for (const told of pool.trajectories.slice(-2)) Object.assign(told, { outcome: 'infrastructure_failure' });
    await throughout();
    await move({ closing: true });
    const { conservation, pipeline: told } = await campaign.report('refused');
    expect(conservation.problems).toEqual([]);
    expect(conservation).toMatchObject({ prompts: 14, trained: 12, masked: { failed: 2 }, cancelled: 0 });
    expect(conservation.rounds?.map(({ round, trained: of }) => [round, of])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
    expect(told).toMatchObject({ started: 7, trained: 6, givenUp: { failed: 1 }, replaced: 1 });
    const names = await campaign.store.listNamed('campaigns/quickstart/plans/r4.train');
    expect(names).toHaveLength(1);
  });

  it('calls cancelled what is open when a human ends it, and nothing when it is resumed', async () => {
    await finish(await move(), 0);
    await move();
    const { conservation } = await campaign.report('cancelled');
    expect(conservation).toMatchObject({ balanced: true, prompts: 4, trained: 0, cancelled: 4 });
    campaign.state.ending = 'running';
    await throughout();
    await move({ closing: true });
    expect((await campaign.report('refused')).conservation).toMatchObject({
      balanced: true,
      trained: 12,
      cancelled: 0,
    });
  });

  it('does not balance with a plan in nobody’s hands', async () => {
    await throughout();
    const whole = (await readWhole(campaign.store, campaign.documents, campaign.spec.name))!;
    expect(whole.groups).toHaveLength(6);
    const stray = await campaign.documents.plan(whole.groups[0]!.plan!);
    const other = { ...stray, rollouts: stray.rollouts.map((one) => ({ ...one, id: one.id.replace('/g0/', '/g9/') })) };
    await campaign.store.createNamed(
      'campaigns/quickstart/plans/r1.train.v0.g9',
      JSON.stringify(await campaign.documents.write(other)),
    );
    const { conservation } = await campaign.report('refused');
    expect(conservation.problems).toEqual([expect.stringContaining('2 missing in the account')]);
  });
});
