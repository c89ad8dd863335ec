// A trace from the submitting client to a step of the trainer: a real Temporal, a real campaign workflow, scripted activities, a
// real gateway before a scripted engine, and the real trainer on a model of random numbers. Where the collector was built it stands
// between; else the receiver is scripted.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atBoundary } from '../../activities/boundary.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { JobDocument } from '../../contracts/job.ts';
import { campaignWorkflowId, GATE, gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import { chat, rollout, SECRET } from '../../tests/support/gateway.ts';
import {
  collectorBinary,
  type OtlpReceiver,
  type ReceivedSpan,
  startCollector,
  startOtlpReceiver,
} from '../../tests/support/otlp-receiver.ts';
import { firstState, scriptedActivities, scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../../tests/support/scripted-upstream.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { trainingJob } from '../../tests/support/training-job.ts';
import { loadConfig } from '../config.ts';
import { oneServer } from '../gateway-client/one-server.ts';
import { createLocalJobRunner, trainerCommand } from '../jobs/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { traceRequests, traceServer } from './http.ts';
import { traceActivities, traceClient, tracingSinks, workflowInterceptorModules } from './temporal.ts';
import { startTracing, type Tracing, traceEnvironment } from './tracing.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const here = loadConfig();

let temporal: TestServer;
let bundle: { code: string };
beforeAll(async () => {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  [temporal, bundle] = await Promise.all([
    startTemporal(),
    bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
      workflowInterceptorModules: workflowInterceptorModules(),
      logger: quiet,
    }),
  ]);
}, 180_000);
afterAll(() => temporal?.stop());

describe.each([
  ['a scripted receiver', () => startOtlpReceiver(), true],
  ['the real collector', startCollector, collectorBinary() !== undefined],
] as const)('through %s', (_, start, there) => {
  // `npm test` sets the trainer up before it comes here.
  test.skipIf(!there || !existsSync(here.paths.venvPython))('is one tree', { timeout: 240_000 }, async () => {
    const stack = new AsyncDisposableStack();
    try {
      await playTraced(await start(), stack);
    } finally {
      await stack.disposeAsync();
    }
  });
});

async function playTraced(receiver: OtlpReceiver, stack: AsyncDisposableStack): Promise<void> {
  stack.defer(() => receiver.close());
  const folder = await mkdtemp(join(tmpdir(), 'anneal-traced-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = await startScriptedUpstream();
  stack.defer(() => upstream.close());
  const tracing = (service: string): Promise<Tracing> =>
    startTracing({ endpoint: receiver.endpoint, service, delayMs: 50 }).then((made) => made!);
  // One process here plays three.
  const [cli, worker, server] = await Promise.all([
    tracing('anneal-cli'),
    tracing('anneal-worker'),
    tracing('anneal-gateway'),
  ]);
  stack.defer(traceServer(server));
  const gateway = await gatewayOn(folder, upstream);
  stack.defer(() => gateway.close());
  stack.defer(traceRequests(worker, gateway.url));

  const spec = scriptedSpec(`traced-${Date.now()}`, { rounds: 1 });
  const { activities } = scriptedActivities({ passRates: [0.25, 0.5] });
  const store = createFolderStore(join(folder, 'store'));
  const { argv, env } = trainerCommand(here);
  const jobs = createLocalJobRunner({
    ...{ store, argv, jobsDir: join(folder, 'jobs'), supervisor: undefined },
    env: { ...env, ANNEAL_STORE: `file://${join(folder, 'store')}` },
    startEnv: () => traceEnvironment(worker, receiver.endpoint),
  });
  const played = atBoundary({
    ...activities,
    async generate(input: { index: number }) {
      await chat(gateway.url, { of: { rollout: rollout(input.index) } });
      return { tokens: 1 };
    },
    async runJob({ document }: { document: JobDocument }) {
      await jobs.submit(await smallJob(document, store));
      while ((await jobs.state(document.name)).phase === 'running') {
        heartbeat();
        await sleep(100);
      }
    },
  });
  const connection = await NativeConnection.connect({ address: temporal.address });
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({
        ...{ connection, taskQueue, activities: played, shutdownGraceTime: 0 },
        ...(taskQueue === QUEUES.control ? { workflowBundle: bundle } : {}),
        interceptors: { activity: [traceActivities(worker)] },
        sinks: tracingSinks(worker),
      }),
    ),
  );
  const running = workers.map((one) => one.run());
  const stopWorkers = async (): Promise<void> => {
    for (const one of workers) if (one.getState() === 'RUNNING') one.shutdown();
    await Promise.all(running);
  };
  stack.defer(async () => {
    await stopWorkers();
    await connection.close();
  });

  const client = new Client({
    connection: await Connection.connect({ address: temporal.address }),
    interceptors: { workflow: [traceClient(cli)] },
  });
  stack.defer(() => client.connection.close());
  const workflowId = campaignWorkflowId(spec.name);
  const state = firstState(spec);
  await cli.span('anneal submit', { attributes: { 'anneal.campaign': spec.name } }, () =>
    client.workflow.start('campaign', { workflowId, taskQueue: QUEUES.control, args: [{ spec, state }] }),
  );
  await refuseSealedGate(client, spec.name);
  await client.workflow.getHandle(workflowId).result();
  // As a worker's process ends: what its workflows tell last is told by then.
  await stopWorkers();
  await Promise.all([cli.close(), worker.close(), server.close()]);

  // A collector passes on what it has when it likes, a child before its parent.
  const whole = (all: readonly ReceivedSpan[]): boolean =>
    all.filter((span) => span.name === 'campaign').length === 2 && rootsOf(all).length === 1;
  const spans = (await receiver.until(whole)).slice();
  checkTree(spans);
}

/** A job of that name, of two steps that take no time. */
async function smallJob({ name }: JobDocument, store: ArtifactStore): Promise<JobDocument> {
  const lines = [0, 1, 2, 3].map((index) => ({
    ...{ id: `s${index}`, group: `g${index >> 1}`, promptIds: [1, 2, 3], completionIds: [index + 4], logprobs: [-5] },
    ...{ advantage: index % 2 === 0 ? 0.5 : -0.5, reward: index % 2, policyVersion: 0 },
  }));
  const batch = await store.put(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return trainingJob(name, { algorithm: { steps: 2 }, inputs: { batch, adapter: null, optimizer: null } });
}

const gatewayOn = (dir: string, upstream: ScriptedUpstream): Promise<Gateway> =>
  createGateway({
    dir: join(dir, 'gateway'),
    servers: oneServer(upstream.url),
    secret: SECRET,
    port: 0,
    log: () => undefined,
  });

async function refuseSealedGate(client: Client, campaign: string): Promise<void> {
  const { scriptedDecision } = await import('../../tests/support/play-campaign.ts');
  for (let tries = 0; ; tries += 1) {
    try {
      const handle = client.workflow.getHandle(gateWorkflowId(`${campaign}.open-sealed-1` as never));
      const { context } = await handle.query<{ context: Parameters<typeof scriptedDecision>[0] }>(GATE.view);
      await handle.executeUpdate(GATE.decide, { args: [scriptedDecision(context, 'keep-closed')] });
      return;
    } catch (failure) {
      if (tries > 600) throw failure;
      await sleep(100);
    }
  }
}

function rootsOf(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map((span) => span.spanId));
  return spans.filter((span) => !ids.has(span.parentSpanId));
}

function checkTree(spans: readonly ReceivedSpan[]): void {
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const pathOf = (span: ReceivedSpan): string[] => {
    const parent = byId.get(span.parentSpanId);
    return [...(parent === undefined ? [] : pathOf(parent)), span.name];
  };
  expect(rootsOf(spans).map((span) => span.name)).toEqual(['anneal submit']);
  const paths = spans.map((span) => pathOf(span).join(' > '));
  const campaign = 'anneal submit > start campaign > campaign';
  const generated = `${campaign} > rollouts > generate > POST /v1/chat/completions`;
  expect(paths).toContain(`${campaign} > construction > buildTaskSet`);
  expect(paths).toContain(`${generated} > engine /completion`);
  expect(paths).toContain(`${campaign} > evaluation > rollouts > generate > POST /v1/chat/completions`);
  const trained = `${campaign} > training > runJob > train`;
  for (const part of ['load', 'restore', 'checkpoint', 'export']) expect(paths).toContain(`${trained} > ${part}`);
  expect(paths.filter((path) => path === `${trained} > step`)).toHaveLength(2);
  expect(paths).toContain(`${campaign} > gate > verifyDecision`);
  expect(paths).toContain(`${campaign} > assembleReport`);
  // Runs that continue as new stand side by side.
  expect(paths.filter((path) => path === campaign)).toHaveLength(2);
  const services = new Map(spans.map((span) => [span.name, span.service]));
  expect(services.get('start campaign')).toBe('anneal-cli');
  expect(services.get('generate')).toBe('anneal-worker');
  expect(services.get('engine /completion')).toBe('anneal-gateway');
  expect(services.get('step')).toBe('anneal-trainer');
  const [job, train] = ['runJob', 'train'].map((name) => spans.find((span) => span.name === name)!);
  expect(job!.attributes['temporal.activity.attempt']).toBe(1);
  expect(train!).toMatchObject({ failed: false, attributes: { 'anneal.steps': 2, 'anneal.exit_code': 0 } });
  expect(train!.milliseconds).toBeLessThan(job!.milliseconds);
  for (const span of spans) expect(JSON.stringify(span.attributes)).not.toContain('hello');
}
