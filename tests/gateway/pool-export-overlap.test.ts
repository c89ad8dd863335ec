// The batch of a round whose rollouts overlap with training, out of the tables: its job's own, wherever the round's plan is found by then.
// A rollout that is answered by the newest version has completions newer than the version that it began with.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCampaignActivities } from '../../activities/campaign.ts';
import { createPipelineActivities } from '../../activities/pipeline.ts';
import { addPoolTables } from '../../cli/commands/pool-tables.ts';
import { openSession, type Run } from '../../cli/session.ts';
import { toolLoop } from '../../contracts/harness.ts';
import { completionId, makePolicyName } from '../../contracts/ids.ts';
import { batchSample } from '../../contracts/job.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import type { Releases } from '../../contracts/ports.ts';
import { describe } from '../../gateway/segments/store-source.ts';
import { specKey } from '../../infra/temporal/campaign-names.ts';
import { madeSegment } from '../support/made-up-pool.ts';
import { type RecordedCampaign, recordCampaign } from '../support/recorded-campaign.ts';
import { scriptedSpec } from '../support/scripted-activities.ts';

vi.setConfig({ testTimeout: 240_000 });
let home: string;
let campaign: RecordedCampaign;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'anneal-export-overlap-'));
  vi.stubEnv('ANNEAL_HOME', home);
  const { harness } = scriptedSpec('quickstart');
  campaign = await recordCampaign(home, {
    pipeline: { mode: 'async', scheduler: { kind: 'position-window', outstanding: 4, window: 2 } },
    harness: { ...harness, kind: 'tool-loop', loop: toolLoop.parse({}), session: { versions: 'latest' } },
    rounds: 3,
  });
  await campaign.start();
  const { store, spec, state } = campaign;
  await store.createNamed(specKey(spec.name), JSON.stringify(state.spec));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const versioned = (number: number): PolicyVersion => ({
  ...campaign.state.policies[0]!,
  ...{ number, name: makePolicyName(campaign.spec.name, number) },
});

let now = 1_000;
function move(how: { hold?: boolean } = {}) {
  const { store, documents, pool, state } = campaign;
  const gateway = {
    trajectories: async (prefix: string) => pool.trajectories.filter((one) => one.rollout.startsWith(prefix)),
  };
  now += 1;
  return createPipelineActivities({ store, documents, gateway, now: () => now }).advancePipeline({
    ...{ spec: state.spec, taskSet: state.taskSet!, version: state.round, policy: versioned(state.latest), ...how },
  });
}
type Step = NonNullable<Awaited<ReturnType<typeof move>>['step']>;

/** Plays this group, and looks again. */
async function played(position: number) {
  const { plan, rollouts } = (await move()).run.find((one) => one.position === position)!;
  await campaign.record({ plan, rollouts, groupSize: 2 });
  return move();
}

/** The first rollout of each group said something more after version 1 was served. */
async function goneOn(step: Step): Promise<void> {
  const { pool, documents, state } = campaign;
  for (const { id: rollout } of (await documents.plan(step.plan)).rollouts.filter(({ id }) => id.endsWith('/s0'))) {
    const said = pool.completions.find((one) => one.rollout === rollout)!;
    const id = completionId.parse(`${rollout}/c1`);
    pool.completions.push({ ...said, id, index: 1, policy: versioned(1).name });
    const told = pool.trajectories.find((one) => one.rollout === rollout)!;
    Object.assign(told, { completions: [...told.completions, id], episode: state.spec });
  }
}

/** What the job of the next round is given, and what the round leaves when it is done. */
async function trained(step: Step) {
  const { activities, store, state } = campaign;
  const [round, from] = [state.round + 1, state.latest];
  const { document, account, ledger } = await activities.assembleBatch({
    ...{ spec: state.spec, plan: step.plan, round, from: versioned(from), to: round },
  });
  const visible = await campaign.measure({ plan: step.plan, rollouts: step.rollouts, groupSize: 2 });
  const done = (): void => {
    state.rounds.push({
      ...{ round, from, to: round, verdict: 'hold', why: 'Scripted.', policy: versioned(round), plan: step.plan },
      ...{ account, ledger, visible, gate: state.baseline!, tokens: 1, seconds: 1 },
    });
    Object.assign(state, { round, latest: round });
  };
  return { batch: new TextDecoder().decode(await store.get(document!.inputs.batch)), done };
}

async function pool(...argv: string[]): Promise<void> {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command('anneal').option('--json');
  addPoolTables(program.command('pool'), run);
  await program.parseAsync(['pool', ...argv], { from: 'user' });
}

async function exported(round: number): Promise<string> {
  const out = join(home, `${Math.random()}.jsonl`);
  await pool('export', '--format', 'batch', '--campaign', 'quickstart', '--round', `${round}`, '--out', out);
  return readFile(out, 'utf8');
}

test('is the job’s, while the round trains, when it is done, and when it is archived', async () => {
  const { store, state, documents } = campaign;
  const saving = createCampaignActivities({
    ...{ store, documents, releases: {} as Releases },
    manifest: () => Promise.reject(new Error('nothing is released')),
  });
  await played(0);
  const { step: first } = await played(1);
  // While the first round trains, both groups of the second one begin with the version that it trains from.
  await played(2);
  await played(3);
  const one = await trained(first!);
  one.done();
  const { step: second } = await move();
  expect(second).toMatchObject({ round: 2, rollouts: 4 });
  await goneOn(second!);
  const two = await trained(second!);
  const versions = two.batch
    .trim()
    .split('\n')
    .map((line) => batchSample.parse(JSON.parse(line)))
    .map(({ completion, policyVersion }) => [completion ?? 0, policyVersion]);
  // What the newest version said trains as that, although no rollout began with it.
  expect(new Set(versions.map(String))).toEqual(new Set(['0,0', '1,1']));

  for (const stream of ['completions', 'trajectories'] as const) {
    const { sealed, bytes } = madeSegment(stream, 1, campaign.pool[stream]);
    await store.put(bytes);
    await describe(store, sealed);
  }
  await pool('compact');
  // The first round is done, and nothing is saved of it yet.
  expect(await exported(1)).toEqual(one.batch);
  await saving.saveState({ state });
  expect([await exported(1), await exported(2)]).toEqual([one.batch, two.batch]);

  two.done();
  await move({ hold: true });
  await saving.saveState({ state });
  expect([await exported(1), await exported(2)]).toEqual([one.batch, two.batch]);

  const { rounds } = state;
  await saving.saveState({
    state: { ...state, rounds: [], archivedRounds: await saving.archiveRounds({ older: rounds }) },
  });
  expect([await exported(1), await exported(2)]).toEqual([one.batch, two.batch]);
});
