// A worker's metrics from a real Temporal: activities by their interceptor, campaigns and gates by the board, the SDK's own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { atBoundary } from '../../activities/boundary.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { QUEUES } from '../../contracts/names.ts';
import { scriptedActivities, scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { freePort, startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { createFolderStore } from '../store/folder.ts';
import { createCampaigns } from '../temporal/campaigns.ts';
import { createBoard } from './board.ts';
import { observeWorker } from './observe.ts';
import { workerMetrics } from './registry.ts';

const stack = new AsyncDisposableStack();
let temporal: TestServer;
let store: ReturnType<typeof createFolderStore>;
let url: string;

beforeAll(async () => {
  const observed = observeWorker({ port: await freePort() }, await freePort());
  Runtime.install({ logger: new DefaultLogger('ERROR'), ...observed.runtime });
  const folder = await mkdtemp(join(tmpdir(), 'anneal-metrics-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  store = createFolderStore(folder);
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const [server, workflowBundle] = await Promise.all([
    startTemporal(),
    bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'), logger: quiet }),
  ]);
  temporal = server;
  stack.defer(() => server.stop());
  // The job is stopped once and started again; the state is kept as the real activity keeps it.
  const interrupted = ApplicationFailure.create({ type: 'job.interrupted', message: 'stopped', nonRetryable: false });
  const { activities } = scriptedActivities({ passRates: [0.25, 0.5], jobFailures: [interrupted] });
  const played = atBoundary({
    ...activities,
    async saveState({ state }: Parameters<typeof activities.saveState>[0]) {
      const key = `campaigns/${state.campaign}/state`;
      await store.swapNamed(key, (await store.readNamed(key))?.tag ?? null, canonicalJson(state));
    },
  });
  const connection = await NativeConnection.connect({ address: server.address });
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({
        ...{ connection, taskQueue, activities: played, shutdownGraceTime: 0 },
        ...(taskQueue === QUEUES.control ? { workflowBundle } : {}),
        interceptors: { activity: [...observed.activityInterceptors] },
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  stack.defer(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  });
  const served = (await observed.serve({ client: server.client, store, lookEveryMs: 0 }))!;
  stack.defer(() => served.close());
  url = `http://127.0.0.1:${served.port}/metrics`;
}, 180_000);
afterAll(() => stack.disposeAsync());

const lines = async (name: string): Promise<string[]> =>
  (await (await fetch(url)).text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .sort();

test('a campaign that waits at a gate', { timeout: 240_000 }, async () => {
  const spec = scriptedSpec('watched', { rounds: 1, gates: { deadline: '60s', remindAfter: '20s' } as never });
  const specJson = canonicalJson(spec);
  const ref = await store.put(specJson);
  const campaigns = createCampaigns(temporal.client, store);
  expect(await lines('anneal_campaign_stage')).toEqual([]);
  expect(await campaigns.submit({ spec, specJson, hash: ref.sha256 }, undefined)).toBe('started');

  for (let tries = 0; (await lines('anneal_gates_open')).length === 0; tries += 1) {
    if (tries > 300) throw new Error('no gate opened');
    await sleep(200);
  }
  expect(await lines('anneal_gates_open')).toEqual(['anneal_gates_open{campaign="watched",kind="open-sealed"} 1']);
  expect(await lines('anneal_gate_reminder_seconds')).toEqual([
    'anneal_gate_reminder_seconds{campaign="watched",kind="open-sealed"} 20',
  ]);
  const age = async () => Number((await lines('anneal_gate_age_seconds'))[0]!.split(' ')[1]);
  const first = await age();
  await sleep(1_100);
  expect((await age()) - first).toBeGreaterThan(1);
  expect(await lines('anneal_campaign_stage')).toEqual([
    'anneal_campaign_stage{campaign="watched",stage="sealed-gate"} 1',
  ]);
  expect(await lines('anneal_campaign_rounds')).toEqual(['anneal_campaign_rounds{campaign="watched"} 1']);
  expect(await lines('anneal_campaign_budget_tokens')).toEqual([
    'anneal_campaign_budget_tokens{campaign="watched"} 100000',
  ]);
  const spent = Number((await lines('anneal_campaign_spent_tokens'))[0]!.split(' ')[1]);
  expect(spent).toBeGreaterThan(0);
  expect(await lines('anneal_campaign_gate_pass_ratio')).toEqual([
    'anneal_campaign_gate_pass_ratio{campaign="watched",version="base"} 0.25',
    'anneal_campaign_gate_pass_ratio{campaign="watched",version="best"} 0.5',
    'anneal_campaign_gate_pass_ratio{campaign="watched",version="latest"} 0.5',
  ]);

  // Nobody but the store knows of a repair that gave an engine up.
  expect(await lines('anneal_campaign_engines_given_up')).toEqual([]);
  const served = {
    ...{
      schema: 'anneal/served-weights/v1',
      policy: 'watched.v1',
      tag: `1-${'a'.repeat(16)}`,
      manifest: ref,
      fence: 2,
    },
    ...{ servers: ['http://engine-0:8000'], lost: [{ url: 'http://engine-1:8000', why: '5 calls failed' }] },
  };
  await store.createNamed('fleets/watched/served', canonicalJson(served));
  expect(await lines('anneal_campaign_engines_given_up')).toEqual([
    'anneal_campaign_engines_given_up{campaign="watched"} 1',
  ]);

  const ended = await lines('anneal_activities_total');
  expect(ended).toContain('anneal_activities_total{activity="runJob",result="job.interrupted"} 1');
  expect(ended).toContain('anneal_activities_total{activity="runJob",result="done"} 1');
  expect(await lines('anneal_activity_retries_total')).toEqual(['anneal_activity_retries_total{activity="runJob"} 1']);
  expect(await lines('anneal_activity_seconds_count')).toContain(
    'anneal_activity_seconds_count{activity="generate"} 12',
  );

  // The SDK's, in the same answer, with unit and suffix.
  const slots = await lines('temporal_worker_task_slots_available');
  expect(slots.join()).toContain('task_queue="anneal-rollouts"');
  expect((await lines('temporal_workflow_task_execution_latency_seconds_count')).length).toBeGreaterThan(0);

  await campaigns.cancel(spec.name);
  for (let tries = 0; (await lines('anneal_campaign_stage')).length > 0 && tries < 100; tries += 1) await sleep(100);
  expect(await lines('anneal_campaign_stage')).toEqual([]);
  expect(await lines('anneal_gates_open')).toEqual([]);
  expect(await lines('anneal_campaign_spent_tokens')).toEqual([]);
});

test('a board that cannot look is empty, counts it, and fails no scrape', async () => {
  const { registry: own, metrics: blind } = workerMetrics();
  blind.anneal_gates_open.set({ campaign: 'old', kind: 'release' }, 1);
  const nowhere = { withDeadline: () => Promise.reject(new Error('unavailable')) } as unknown as TestServer['client'];
  const look = createBoard({ client: nowhere, store, metrics: blind, everyMs: 0 });
  await look();
  await look();
  const text = await own.metrics();
  expect(text).toContain('anneal_board_errors_total 2');
  expect(text).not.toContain('anneal_gates_open{');
});

test('scrapes that come together share a look', async () => {
  let looks = 0;
  const counted = {
    withDeadline: async () => {
      looks += 1;
      return [[], []];
    },
  } as unknown as TestServer['client'];
  const look = createBoard({ client: counted, store, metrics: workerMetrics().metrics, everyMs: 60_000 });
  await Promise.all([look(), look(), look()]);
  await look();
  expect(looks).toBe(1);
});
