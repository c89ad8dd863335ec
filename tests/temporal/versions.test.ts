// Releases of the worker at a real server: a round ends on the release that began it, the next one begins on the current release, and
// a campaign of the previous release ends on this one.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { campaignSpec } from '../../contracts/campaign.ts';
import type { GateKind } from '../../contracts/gate.ts';
import { campaignWorkflowId, QUEUES } from '../../contracts/names.ts';
import { DEFAULT_SLOTS, type QueueName } from '../../contracts/queues.ts';
import { type CampaignInput, campaignState } from '../../contracts/record.ts';
import { queueOptions } from '../../infra/temporal/queues.ts';
import { makeCurrent, type Release, releaseOptions, releases } from '../../infra/temporal/versioning.ts';
import {
  firstState,
  type Script,
  scriptedActivities,
  scriptedSpec,
  type Told,
} from '../support/scripted-activities.ts';
import { startTemporal, type TestServer } from '../support/temporal-server.ts';

const root = join(import.meta.dirname, '../..');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const unattended: GateKind[] = ['promotion'];
/** Nobody answers the closing gates: their safe option is taken. */
const gates = { deadline: '2s', remindAfter: '1s' };

Runtime.install({ logger: new DefaultLogger('ERROR') });
let server: TestServer;
let connection: NativeConnection;
/** This release, and one whose rounds begin with another step: neither can replay the other's. */
let current: { code: string };
let previous: { code: string };
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-release-'));
  for (const part of ['contracts', 'policies', 'workflows'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  const round = join(folder, 'workflows/round.ts');
  const text = readFileSync(round, 'utf8');
  const changed = text.replace(
    /(export async function playRound\(c: Campaign[^)]*\)[^{]*\{)/,
    '$1\n  await act.passRates({ plan: c.state.spec });',
  );
  if (changed === text) throw new Error('playRound is not where it was');
  writeFileSync(round, changed);
  const bundle = (from: string) =>
    bundleWorkflowCode({ workflowsPath: join(from, 'workflows/index.ts'), logger: quiet });
  [server, current, previous] = [await startTemporal(), await bundle(root), await bundle(folder)];
  connection = await NativeConnection.connect({ address: server.address });
}, 120_000);
afterAll(async () => {
  for (const workers of started) await workers.stop();
  await connection.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Workers {
  readonly told: Told;
  /** A second time does nothing. */
  stop(): Promise<void>;
}
const started: Workers[] = [];

async function start(
  workflowBundle: { code: string },
  release: Release | undefined,
  script: Partial<Script> = {},
): Promise<Workers> {
  const { activities, told } = scriptedActivities({ passRates: [0.2, 0.4, 0.6, 0.8], unlisted: unattended, ...script });
  const workers = await Promise.all(
    Object.keys(QUEUES).map((name) =>
      Worker.create({
        ...{ connection, activities, shutdownGraceTime: 0 },
        ...queueOptions(name as QueueName, DEFAULT_SLOTS),
        ...releaseOptions(release),
        ...(name === 'control' ? { workflowBundle } : {}),
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  const all: Workers = {
    told,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running);
    },
  };
  started.push(all);
  return all;
}

const begin = ({ spec, state }: CampaignInput) =>
  server.client.workflow.start('campaign', {
    workflowId: campaignWorkflowId(spec.name),
    taskQueue: QUEUES.control,
    args: [{ spec, state }],
  });
/** How many rounds it has played, when it has come to its own end. */
async function ended(campaign: { result(): Promise<unknown> }): Promise<number> {
  const { round, ending } = campaignState.parse(await campaign.result());
  expect(['released', 'not-opened']).toContain(ending);
  return round;
}
const rounds = ({ told }: Workers): string[] => told.calls.filter((call) => call.startsWith('assembleBatch'));

describe('without releases', () => {
  test('a campaign is played as before; the first release with a name takes up what runs', async () => {
    const nameless = await start(current, undefined, { jobMs: 4_000 });
    const spec = scriptedSpec('nameless', { gates });
    const campaign = await begin({ spec, state: firstState(spec) });
    await vi.waitFor(() => expect(nameless.told.calls).toContain('runJob nameless-r1-train'), { timeout: 30_000 });
    const named = await start(current, { deploymentName: 'anneal', buildId: 'release-0' });
    await makeCurrent(server.client.connection, 'default', { deploymentName: 'anneal', buildId: 'release-0' });
    await vi.waitFor(() => expect(rounds(named)).toContain('assembleBatch r2'), { timeout: 60_000 });
    await nameless.stop();
    expect(await ended(campaign)).toBe(2);
    await named.stop();
  }, 120_000);
});

describe('two releases', () => {
  test('a round ends where it began, the next begins on the current release, and the old one is not needed any more', async () => {
    const [first, second] = [1, 2].map((n) => ({ deploymentName: 'anneal', buildId: `release-${n}` })) as [
      Release,
      Release,
    ];
    const old = await start(previous, first, { jobMs: 4_000 });
    expect(await makeCurrent(server.client.connection, 'default', first)).toBe('made');
    const spec = scriptedSpec('upgraded', { rounds: 3, gates });
    const campaign = await begin({ spec, state: firstState(spec) });
    await vi.waitFor(() => expect(old.told.calls).toContain('runJob upgraded-r1-train'), { timeout: 20_000 });

    // The new release comes up in the middle of round 1.
    const fresh = await start(current, second);
    expect(await makeCurrent(server.client.connection, 'default', second)).toBe('made');
    await vi.waitFor(() => expect(rounds(fresh)).toEqual(['assembleBatch r2']), { timeout: 30_000 });
    expect(rounds(old)).toEqual(['assembleBatch r1']);
    await old.stop();
    expect(await ended(campaign)).toBe(3);
    expect(rounds(fresh)).toEqual(['assembleBatch r2', 'assembleBatch r3']);

    // Where each run was played, as Temporal has it.
    const runs = await Array.fromAsync(server.client.workflow.list({ query: `WorkflowId = 'campaign/upgraded'` }));
    const builds = await Promise.all(
      runs
        .toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime())
        .map(async ({ workflowId, runId }) => {
          const { raw } = await server.client.workflow.getHandle(workflowId, runId).describe();
          return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
        }),
    );
    expect(builds).toEqual(['release-1', 'release-2', 'release-2', 'release-2']);

    // A worker of the old release that is started again does not take the campaigns back.
    const back = await start(previous, first);
    expect(await makeCurrent(server.client.connection, 'default', first)).toBe('superseded');
    expect(await makeCurrent(server.client.connection, 'default', second)).toBe('current');
    const known = await releases(server.client.connection, 'default', 'anneal');
    expect(known.find(({ current: is }) => is)?.buildId).toBe('release-2');
    expect(known.find(({ buildId }) => buildId === 'release-1')?.drainage).toMatch(/^drain/);
    await back.stop();
    await fresh.stop();
  }, 120_000);

  test('neither release can replay the other, so that it was the pinning that kept them apart', async () => {
    const { runId } = (
      await Array.fromAsync(server.client.workflow.list({ query: `WorkflowId = 'campaign/upgraded'` }))
    ).toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime())[0]!;
    const history = await server.client.workflow.getHandle('campaign/upgraded', runId).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: previous }, history, 'campaign/upgraded');
    await expect(Worker.runReplayHistory({ workflowBundle: current }, history, 'campaign/upgraded')).rejects.toThrow(
      /[Nn]ondeterminism|Nondeterministic/,
    );
  });

  test('a release without a worker is not made current, and says why', async () => {
    const absent = { deploymentName: 'anneal', buildId: 'release-9' };
    await expect(makeCurrent(server.client.connection, 'default', absent, 1_000)).rejects.toMatchObject({
      code: 'temporal.versioning',
      message: expect.stringContaining('anneal.release-9 is not current after 1 s'),
    });
    await expect(releases(server.client.connection, 'default', 'nobody')).rejects.toMatchObject({
      code: 'temporal.versioning',
    });
  });
});

describe('a campaign of release 0.1.0', () => {
  const file = join(import.meta.dirname, 'released', '0.1.0-after-round-1.json');
  const read = (): { events: Record<string, { input?: { payloads: { data: string }[] } }>[] } =>
    JSON.parse(readFileSync(file, 'utf8'));
  /** What it carried into its next run. */
  const carried = (): CampaignInput => {
    const { input } = read().events.at(-1)!.workflowExecutionContinuedAsNewEventAttributes!;
    return JSON.parse(Buffer.from(input!.payloads[0]!.data, 'base64').toString('utf8')) as CampaignInput;
  };

  test('has a history that this release replays', async () => {
    await Worker.runReplayHistory({ workflowBundle: current }, historyFromJSON(read()), 'campaign/better');
  });

  test('has a state that this release reads', () => {
    const { spec, state } = carried();
    expect(campaignSpec.parse(spec)).toMatchObject({ name: 'better' });
    expect(campaignState.parse(state)).toEqual(state);
    expect(state.round).toBe(1);
  });

  test('is played to its end by this release', async () => {
    const workers = await start(current, { deploymentName: 'anneal', buildId: 'release-2' });
    const { spec, state: left } = carried();
    const state = campaignState.parse(await (await begin({ spec: { ...spec, gates }, state: left })).result());
    expect(state.ending).not.toBe('running');
    expect(state.rounds.map(({ round }) => round)).toEqual([1, 2]);
    expect(state.policies.map(({ number }) => number)).toContain(2);
    expect(rounds(workers)).toEqual(['assembleBatch r2']);
    await workers.stop();
  }, 120_000);
});
