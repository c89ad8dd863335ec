// Shards on a real Temporal server: which rollouts share an activity, and what becomes of those that fail in one.

import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import type { RolloutActivities } from '../activities/interface.ts';
import { QUEUES } from '../contracts/names.ts';
import { keepHistory, temporal, withTemporal, workersOf } from '../tests/support/play-campaign.ts';
import type { rollouts, ShardResult } from './rollouts.ts';

type Activities = Pick<RolloutActivities, 'generate' | 'grade' | 'play' | 'mask'>;

withTemporal();

interface Script {
  /** Of one rollout; undefined: the worker is of a release that does not tell. */
  readonly milliseconds: number | undefined;
  /** Rollouts that no activity can generate. */
  readonly broken?: readonly number[];
  /** Rollouts in whose batch the activity itself fails. */
  readonly deadly?: readonly number[];
  /** Rollouts that are on record, whatever becomes of them now. */
  readonly recorded?: readonly number[];
}

/** Activities that tell a pace without taking it. */
function scripted({ milliseconds, broken = [], deadly = [], recorded = [] }: Script) {
  const told = { done: [] as number[], batches: [] as number[][], singles: [] as number[], masked: [] as number[] };
  const half = milliseconds === undefined ? undefined : milliseconds / 2;
  const activities: Activities = {
    async generate({ index }) {
      told.singles.push(index);
      if (broken.includes(index)) throw ApplicationFailure.nonRetryable('scripted', 'gateway.bad_request');
      return { tokens: 10, ...(half === undefined ? {} : { milliseconds: half }) };
    },
    async grade({ index }) {
      told.done.push(index);
      return half === undefined ? undefined : { milliseconds: half };
    },
    async play({ indices }) {
      told.batches.push([...indices]);
      if (indices.some((index) => deadly.includes(index)))
        throw ApplicationFailure.nonRetryable('scripted', 'internal.bug');
      const failed = indices.findIndex((index) => broken.includes(index));
      const played = failed === -1 ? indices.length : failed;
      told.done.push(...indices.slice(0, played));
      return { played, tokens: played * 10, milliseconds: played * (milliseconds ?? 0) };
    },
    async mask({ index }) {
      told.masked.push(index);
      return { masked: !recorded.includes(index) };
    },
  };
  return { activities, told };
}

async function shard(name: string, script: Script, asked: { end: number; groupSize: number; concurrency: number }) {
  const { activities, told } = scripted(script);
  const stop = await workersOf(activities);
  try {
    const hash = 'ab'.repeat(32);
    const plan = { uri: `store:objects/ab/${hash}`, sha256: hash as never, bytes: 1 };
    const workflowId = `shard/${name}`;
    const result: ShardResult = await temporal().workflow.execute<typeof rollouts>('rollouts', {
      ...{ workflowId, taskQueue: QUEUES.control },
      args: [{ plan, start: 0, timeoutMs: 10_000, ...asked }],
    });
    await keepHistory(name, workflowId);
    return { result, told };
  } finally {
    await stop();
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b);

test('rollouts that take no time share activities, each is played once', async () => {
  const { result, told } = await shard('short', { milliseconds: 4 }, { end: 200, groupSize: 2, concurrency: 4 });
  expect(sorted(told.done)).toEqual(numbers(200));
  expect(result).toMatchObject({ tokens: 2_000, masked: 0, pace: { played: 200, milliseconds: 800 } });
  expect(told.batches.length + told.singles.length).toBeLessThan(40);
  // The two of a group go to one lane: the engine holds their prompt.
  const together = told.batches.filter((batch) => batch.some((index) => batch.includes(index ^ 1)));
  expect(together.length).toBeGreaterThan(told.batches.length / 2);
}, 60_000);

test('rollouts that take their time go one by one, as do those of a worker that tells no times', async () => {
  for (const milliseconds of [400, undefined]) {
    const { told } = await shard(`long-${milliseconds}`, { milliseconds }, { end: 12, groupSize: 2, concurrency: 3 });
    expect(told.batches).toEqual([]);
    expect(sorted(told.singles)).toEqual(numbers(12));
  }
}, 60_000);

test('what fails in a batch is played by itself and masked, the rest of the batch goes on', async () => {
  const broken = [30, 31, 77];
  const { result, told } = await shard(
    'broken',
    { milliseconds: 4, broken },
    { end: 100, groupSize: 1, concurrency: 2 },
  );
  expect(sorted(told.masked)).toEqual(broken);
  expect(sorted(told.done)).toEqual(numbers(100).filter((index) => !broken.includes(index)));
  expect(result).toMatchObject({ tokens: 970, masked: 3 });
}, 60_000);

test('a batch that cannot be played is played one by one', async () => {
  const deadly = [50];
  const { result, told } = await shard(
    'deadly',
    { milliseconds: 4, deadly },
    { end: 60, groupSize: 1, concurrency: 1 },
  );
  expect(sorted(told.done)).toEqual(numbers(60));
  // Not tried again and again: each of its rollouts once.
  expect(told.singles).toContain(50);
  expect(told.batches.filter((batch) => batch.includes(50))).toHaveLength(1);
  expect(result).toMatchObject({ tokens: 600, masked: 0 });
}, 60_000);

test('what is on record is not counted as masked', async () => {
  const script = { milliseconds: 4, broken: [5, 6], recorded: [6] };
  const { result, told } = await shard('recorded', script, { end: 10, groupSize: 1, concurrency: 1 });
  expect(sorted(told.masked)).toEqual([5, 6]);
  expect(result).toMatchObject({ masked: 1 });
}, 60_000);
