// What Temporal costs a round: rounds of 10, 100 and 1,000 training rollouts on the stack's own server, by the real
// workflows and workers, with scripted activities that do nothing. Nothing hides the orchestration behind it: an upper bound.
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { atBoundary } from '../activities/boundary.ts';
import { QUEUES } from '../contracts/names.ts';
import { defaultChildren } from '../infra/stack/plan.ts';
import { startStack } from '../infra/stack/stack.ts';
import { openJourney } from '../tests/support/journey.ts';
import { temporalBinary } from '../tests/support/temporal-binary.ts';
import { workflowBundle } from '../worker/bundle.ts';
import { endingStack } from './ending.ts';
import { type PlayedRound, type ScriptedRounds, scriptedRounds } from './scripted-round.ts';

export interface RoundsOptions {
  readonly sizes: readonly number[];
  readonly repeats: number;
  /** Rollouts at a time, as in a campaign's `rollouts.concurrency`. */
  readonly concurrency: number;
  /** Whether the activities tell that they take no time, so that rollouts share them. */
  readonly short: boolean;
  readonly progress: (line: string) => void;
}

export interface RoundSample extends PlayedRound {
  readonly size: number;
  readonly repeat: number;
  /** Seconds that the same calls take without Temporal. */
  readonly direct: number;
}

const WARM_UP = 100;
/** Slots as in worker/main.ts. */
const SLOTS = { control: 8, rollouts: 64, jobs: 2 } as const satisfies Record<keyof typeof QUEUES, number>;

export async function run({ sizes, repeats, concurrency, short, progress }: RoundsOptions): Promise<RoundSample[]> {
  await using stack = endingStack();
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    // Of its own accord the core writes to standard output, for example that a campaign was terminated under it.
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
    // Ctrl-C is ours: workers that shut down by themselves would leave the round waiting.
    shutdownSignals: [],
  });
  progress('rounds: starting Temporal');
  const journey = await openJourney();
  stack.defer(async () => void (await journey.end()));
  const binary = await temporalBinary();
  const { endpoints } = await startStack({
    config: journey.config,
    children: (context) =>
      defaultChildren({ ...context, temporalBinary: binary }).filter(({ name }) => name === 'temporal'),
  });
  const client = await journey.temporal();
  const server = (await journey.processOf('temporal'))!.pid;
  const rounds = scriptedRounds(short);

  async function measure(size: number, repeat: number): Promise<RoundSample> {
    const input = await rounds.prepare(`bench-${size}-${repeat}`, size, concurrency);
    const direct = await rounds.playDirectly(input);
    const sample = { size, repeat, direct, ...(await rounds.play(client, server, input)) };
    progress(`rounds: ${size} rollouts, repetition ${repeat}: ${sample.seconds.toFixed(2)} s`);
    return sample;
  }

  return await serving(endpoints.temporal, rounds, async () => {
    // Once for nothing: compiled code, caches and connections should not be charged to the first round.
    await measure(WARM_UP, 0);
    const samples: RoundSample[] = [];
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      // Each size goes first in turn: the database grows, and whatever else the machine does falls on all of them.
      const shift = (repeat - 1) % sizes.length;
      for (const size of [...sizes.slice(shift), ...sizes.slice(0, shift)]) samples.push(await measure(size, repeat));
    }
    return samples;
  });
}

/** The worker's three queues while `work` lasts, in this process. */
async function serving<T>(address: string, { activities }: ScriptedRounds, work: () => Promise<T>): Promise<T> {
  const connection = await NativeConnection.connect({ address });
  const bundle = await workflowBundle();
  const served = atBoundary(activities);
  const workers = await Promise.all(
    (['control', 'rollouts', 'jobs'] as const).map((queue) =>
      Worker.create({
        connection,
        taskQueue: QUEUES[queue],
        activities: served,
        ...(queue === 'control' ? { workflowBundle: bundle } : {}),
        maxConcurrentActivityTaskExecutions: SLOTS[queue],
      }),
    ),
  );
  // One within the other: a worker that fails ends the work.
  const result = await workers.reduce((inner, worker) => () => worker.runUntil(inner), work)();
  await connection.close();
  return result;
}
