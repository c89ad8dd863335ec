// A rollout that is answered by the newest version: each completion is on record with its own, and trains as that.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { toolLoop } from '../contracts/harness.ts';
import type { SessionRules } from '../contracts/session.ts';
import { toolCall as call, useEpisodes } from '../tests/support/use-episodes.ts';
import { useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);

const solved = call('write_file', { path: 'answer.json', content: '{"units": 3}' });

/** Two rollouts of one group, one of which solves the task; a newer version is served from the first request's answer on. */
async function batchOf(session: SessionRules | undefined, from: number): Promise<number[]> {
  const made = await episodes.open({
    rollouts: 2,
    harness: { kind: 'tool-loop', loop: toolLoop.parse({}), ...(session === undefined ? {} : { session }) },
  });
  used.upstream.policy = 'demo.v0';
  const replies = [solved, call('submit', {}), call('submit', {})];
  used.upstream.says = async () => {
    if (used.upstream.policy === 'demo.v0') {
      used.upstream.policy = 'demo.v3';
      // The gateway asks what is served once a second.
      await sleep(1_100);
    }
    return replies.shift()!;
  };
  for (const index of [0, 1]) {
    await episodes.generate(made, index);
    await episodes.grade(made, index);
  }
  const { lines } = await episodes.batch(made, from);
  return lines.map(({ policyVersion }) => policyVersion);
}

test('with latest each line of the batch has the version of its own record', async () => {
  expect(await batchOf({ versions: 'latest' }, 3)).toEqual([0, 3, 3]);
  expect((await used.records()).map(({ policy }) => policy)).toEqual(['demo.v0', 'demo.v3', 'demo.v3']);
});

test('one that was left behind since is no newer to the trainer than the version that is trained', async () => {
  expect(await batchOf({ versions: 'latest' }, 2)).toEqual([0, 2, 2]);
});

test.each([undefined, { versions: 'pinned' }] as const)(
  'with %j all are the version that the rollout began with',
  async (session) => {
    expect(await batchOf(session, 3)).toEqual([0, 0, 0]);
    expect(new Set((await used.records()).map(({ policy }) => policy))).toEqual(new Set(['demo.v0']));
  },
);
