// A rollout that is answered by the newest version: each completion is on record with its own, and trains as that.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { toolLoop } from '../contracts/harness.ts';
import { batchSample, type JobRunner } from '../contracts/job.ts';
import type { SessionRules } from '../contracts/session.ts';
import { openEpisode } from '../tests/support/episode.ts';
import { temporaryFolder } from '../tests/support/gateway.ts';
import { inActivity } from '../tests/support/in-activity.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { useGateway } from '../tests/support/use-gateway.ts';
import type { Documents } from './read.ts';
import { createTrainingActivities } from './training.ts';

vi.setConfig({ testTimeout: 120_000 });
const used = useGateway();
let folder: string;
beforeEach(async () => {
  const made = await temporaryFolder();
  used.defer(async () => made[Symbol.asyncDispose]());
  folder = made.path;
});

const call = (name: string, args: object): string => `\`\`\`tool\n${JSON.stringify({ name, arguments: args })}\n\`\`\``;
const solved = call('write_file', { path: 'answer.json', content: '{"units": 3}' });

/** Two rollouts of one group, one of which solves the task; a newer version is served from the first request's answer on. */
async function batchOf(session: SessionRules | undefined, from: number): Promise<number[]> {
  const made = await openEpisode({
    ...{ gatewayUrl: used.gateway.url, gateway: used.client, folder, rollouts: 2 },
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
    await inActivity(() => made.activities.generate({ ...made.at, index }));
    await inActivity(() => made.activities.grade({ ...made.at, index }));
  }
  const documents = {
    plan: async () => made.plan,
    spec: async () => ({ ...scriptedSpec('demo'), harness: made.plan.harness }),
    profile: async () => undefined,
    write: async () => made.at.plan,
  } as unknown as Documents;
  const training = createTrainingActivities({
    ...{ store: made.store, documents, gateway: used.client, jobs: {} as JobRunner },
  });
  const policy = { ...made.plan.policy, number: from };
  const of = { spec: made.at.plan, plan: made.at.plan, round: 1, from: policy, to: from + 1 };
  const { document } = await training.assembleBatch(of);
  const lines = Buffer.from(await made.store.get(document!.inputs.batch)).toString();
  return lines
    .trim()
    .split('\n')
    .map((line) => batchSample.parse(JSON.parse(line)).policyVersion);
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
