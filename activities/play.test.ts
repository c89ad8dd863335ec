import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { expect, test } from 'vitest';
import { AnnealError } from '../contracts/errors.ts';
import { createPlay } from './play.ts';

const plan = { uri: 'store:objects/00/x', sha256: 'x' as never, bytes: 1 };
/** Some ids begin with another. */
const rollouts = Array.from({ length: 12 }, (_, index) => ({ id: `demo/r1/train.v0/g0/s${index}` }));

interface World {
  readonly attempt?: number;
  /** Rollouts whose trajectory is there. */
  readonly recorded?: readonly number[];
  readonly broken?: readonly number[];
  /** Cancelled while this rollout is generated. */
  readonly cancelledAt?: number;
}

function playIn({ attempt = 1, recorded = [], broken = [], cancelledAt }: World, indices: readonly number[]) {
  const stopping = new AbortController();
  const done: number[] = [];
  const { play } = createPlay({
    documents: { plan: async () => ({ rollouts }) } as never,
    gateway: {
      trajectories: async (prefix) =>
        recorded
          .map((index) => ({ rollout: rollouts[index]!.id, tokens: { prompt: 5, completion: 7 } }))
          .filter((one) => one.rollout.startsWith(prefix)) as never,
    },
    single: {
      async generate({ index }) {
        if (index === cancelledAt) stopping.abort(new Error('cancelled'));
        stopping.signal.throwIfAborted();
        if (broken.includes(index)) throw new AnnealError('gateway.upstream_failed', 'scripted');
        return { tokens: 10 };
      },
      async grade({ index }) {
        done.push(index);
        return undefined;
      },
    },
  });
  const context = { info: { attempt }, cancellationSignal: stopping.signal } as unknown as Context;
  return { done, played: asyncLocalStorage.run(context, () => play({ plan, indices })) };
}

test('plays its rollouts in the order given', async () => {
  const { done, played } = playIn({}, [3, 1, 2]);
  expect(await played).toMatchObject({ played: 3, tokens: 30 });
  expect(done).toEqual([3, 1, 2]);
});

test('ends at the first that fails, and says nothing about it', async () => {
  const { done, played } = playIn({ broken: [1] }, [3, 1, 2]);
  expect(await played).toMatchObject({ played: 1, tokens: 10 });
  expect(done).toEqual([3]);
});

test('after its worker died judges nothing again that is recorded', async () => {
  const { done, played } = playIn({ attempt: 2, recorded: [11, 2] }, [11, 1, 2, 0]);
  expect(await played).toMatchObject({ played: 4, tokens: 7 + 10 + 7 + 10 });
  expect(done).toEqual([1, 0]);
});

test('a cancelled one is cancelled, not half done', async () => {
  const { played } = playIn({ cancelledAt: 1 }, [3, 1, 2]);
  await expect(played).rejects.toThrow('cancelled');
});
