// Anneal's side, in a process of its own with a Temporal server and a gateway below it: the real rollout workflow, shard after shard as a
// campaign starts them, with the real activities, each completion and each reward on disk before it counts. argv[2]: JSON of `asked`;
// prints JSON of `Played`.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createDocuments } from '../../activities/read.ts';
import { createRolloutActivities } from '../../activities/rollouts.ts';
import { campaignName, makePolicyName, type RolloutId } from '../../contracts/ids.ts';
import { QUEUES } from '../../contracts/names.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { defaultChildren } from '../../infra/stack/plan.ts';
import { startStack } from '../../infra/stack/stack.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type Pace, shardSize } from '../../policies/pace.ts';
import { SECRET } from '../../tests/support/gateway.ts';
import { openJourney } from '../../tests/support/journey.ts';
import { temporalBinary } from '../../tests/support/temporal-binary.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { type rollouts, SHARD_SIZE } from '../../workflows/rollouts.ts';
import { child } from '../child.ts';
import { endingStack, untilInterrupted } from '../ending.ts';
import { samples } from '../eval-samples.ts';
import { lockSums, specOf } from '../eval-tasks.ts';
import type { Played } from './played.ts';

const asked = z.strictObject({
  folder: z.string(),
  rollouts: z.int(),
  concurrency: z.int(),
  /** The scripted engine and its control API. */
  upstream: z.string(),
});
const { folder, rollouts: count, concurrency, upstream } = asked.parse(JSON.parse(process.argv[2]!));
const campaign = campaignName.parse('demo');
const WARM_UP = 20;

await untilInterrupted(async () => {
  const told = await play();
  process.stdout.write(`${JSON.stringify(told)}\n`);
});
process.exit(0);

async function play(): Promise<Played> {
  await using stack = endingStack();
  const { address, temporal } = await startTemporal(stack);
  const dir = join(folder, 'gateway');
  await mkdir(dir, { recursive: true });
  const settings = JSON.stringify({ dir, controlUrl: upstream });
  const url = await child(stack, process.execPath, ['tests/support/gateway-process.ts', settings]);
  const client = createGatewayClient({ url, secret: SECRET });
  const rewarded = new Map<RolloutId, { at: number; reward: number }>();
  const gateway: ModelGateway = {
    ...client,
    async recordTrajectory(record) {
      // On disk when it returns.
      await client.recordTrajectory(record);
      rewarded.set(record.rollout, {
        at: performance.now(),
        reward: record.reward?.components.correctness ?? Number.NaN,
      });
    },
  };
  const run = await serving(stack, address, temporal, gateway);
  await run('warm-up', 0, WARM_UP);
  rewarded.clear();
  const began = await run('measured', 1, count);
  const all = [...rewarded.values()];
  return {
    seconds: (Math.max(...all.map(({ at }) => at)) - began) / 1000,
    waited: all.map(({ at }) => at - began),
    rewards: all.map(({ reward }) => reward),
  };
}

async function startTemporal(stack: AsyncDisposableStack) {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
    shutdownSignals: [],
  });
  const journey = await openJourney();
  stack.defer(async () => void (await journey.end()));
  const binary = await temporalBinary();
  const { endpoints } = await startStack({
    config: journey.config,
    children: (context) =>
      defaultChildren({ ...context, temporalBinary: binary }).filter(({ name }) => name === 'temporal'),
  });
  const temporal = await journey.temporal();
  await namespaceKnown(temporal);
  return { address: endpoints.temporal, temporal };
}

/** A server that has just been started takes a moment to know of the namespace that it has made, the longer the busier the machine. */
async function namespaceKnown(temporal: Client): Promise<void> {
  for (const until = Date.now() + 120_000; ; await sleep(200)) {
    try {
      await temporal.workflow.count();
      return;
    } catch (failure) {
      if (Date.now() > until) throw failure;
    }
  }
}

/** Workers as a campaign has them, and a function that plays so many rollouts and tells when they were enqueued. */
async function serving(stack: AsyncDisposableStack, address: string, temporal: Client, gateway: ModelGateway) {
  const store = createFolderStore(join(folder, 'store'));
  const documents = createDocuments(store);
  const nothing = async (): Promise<void> => undefined;
  const policies = { serve: async () => ({ lost: [] }), ensure: nothing, repair: nothing };
  const activities = createRolloutActivities({
    ...{ store, documents, gateway, policies, secret: 'of the bench', sandbox: createBubblewrapSandbox() },
  });
  const connection = await NativeConnection.connect({ address });
  stack.defer(() => connection.close());
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    (['control', 'rollouts'] as const).map((queue) =>
      Worker.create({
        ...{ connection, namespace: temporal.options.namespace, taskQueue: QUEUES[queue] },
        activities: atBoundary(activities),
        ...(queue === 'control' ? { workflowBundle: bundle } : {}),
        maxConcurrentActivityTaskExecutions: queue === 'control' ? 8 : 64,
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  stack.defer(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  });
  return async (name: string, round: number, total: number): Promise<number> => {
    const lock = await lockSums(samples(total), store);
    const spec = specOf(lock, concurrency);
    const [specRef, taskSet] = [await documents.write(spec), await documents.write(lock)];
    const policy = {
      ...{ campaign, number: 0, name: makePolicyName(campaign, 0), base: spec.policy.base },
      ...{ parent: null, adapter: null, adapterGguf: null, optimizer: null },
    };
    const began = performance.now();
    const handle = await activities.planEvaluation({ spec: specRef, taskSet, round, split: 'gate', policy });
    let pace: Pace | undefined;
    for (let start = 0, end = 0; start < handle.rollouts; start = end) {
      end = Math.min(start + shardSize(pace, SHARD_SIZE), handle.rollouts);
      const shard = { plan: handle.plan, start, end, groupSize: handle.groupSize, concurrency, timeoutMs: 60_000 };
      const part = await temporal.workflow.execute<typeof rollouts>('rollouts', {
        ...{ workflowId: `${name}/${start}`, taskQueue: QUEUES.control },
        args: [{ ...shard, ...(pace === undefined ? {} : { pace }) }],
      });
      if (part.masked > 0) throw new Error(`${part.masked} rollouts were masked`);
      pace = part.pace;
    }
    return began;
  };
}
