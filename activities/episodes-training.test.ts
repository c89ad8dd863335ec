// From rollouts of several steps to a batch: a line a completion of the attempt that counts, the reward's advantage on each, and the ledger.
import { expect, test } from 'vitest';
import { processHarness } from '../contracts/harness.ts';
import type { RolloutId } from '../contracts/ids.ts';
import { checkConservation } from '../policies/conservation.ts';
import { poolLedger } from '../policies/pool-ledger.ts';
import { rollout } from '../tests/support/gateway.ts';
import { useEpisodes } from '../tests/support/use-episodes.ts';
import { useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);

/** Asks as often as the model says, and hands in what it says last. */
const AGENT = `
import json, os, sys, urllib.request
said = [{'role': 'user', 'content': sys.argv[1]}]
reply = '+'
while reply.endswith('+'):
    body = {'model': 'any', 'messages': said}
    request = urllib.request.Request(os.environ['OPENAI_BASE_URL'] + '/chat/completions', json.dumps(body).encode(),
        {'authorization': 'Bearer ' + os.environ['OPENAI_API_KEY'], 'content-type': 'application/json'})
    reply = json.load(urllib.request.urlopen(request))['choices'][0]['message']['content']
    said += [{'role': 'assistant', 'content': reply}, {'role': 'user', 'content': 'Go on.'}]
open('answer.json', 'w').write(reply)
`;

test('each completion of the attempt that counts is a line, with the advantage of its rollout, and the ledger balances', async () => {
  let fail = true;
  const replies = ['one+', 'two+', '{"units": 3}', '{"units": 4}', 'again+', '{"units": 5}'];
  const made = await episodes.open({
    rollouts: 3,
    harness: { kind: 'process', process: processHarness.parse({ command: ['python3', '-c', AGENT, '{prompt}'] }) },
  });
  used.upstream.says = () => {
    // In the middle of the second rollout: its first attempt is none.
    if (fail && replies.length === 1) {
      fail = false;
      throw new Error('out of memory');
    }
    return replies.shift()!;
  };
  const play = (index: number) => episodes.generate(made, index);
  await play(0);
  await play(1);
  await expect(play(2)).rejects.toMatchObject({ code: 'gateway.upstream_failed' });
  await play(2);
  for (const index of [0, 1, 2]) await episodes.grade(made, index);

  const { lines: batch, ledger, written } = await episodes.batch(made);
  // By rollout, not by completion: one of three solved it, whatever each of them took.
  const advantage = { [rollout(0)]: 2 / 3, [rollout(1)]: -1 / 3, [rollout(2)]: -1 / 3 };
  expect(batch.map(({ id, completion }) => [id, completion])).toEqual([
    ...[0, 1, 2].map((index) => [rollout(0), index]),
    [rollout(1), 0],
    [rollout(2), 1],
  ]);
  for (const one of batch) expect(one.advantage).toBeCloseTo(advantage[one.id]!, 9);
  expect(ledger).toEqual({ requested: 3, trained: 3, masked: {}, cancelled: 0 });

  const [trajectories, completions] = await Promise.all([used.client.trajectories('demo/'), used.records()]);
  const ids = made.planned.map(({ id }) => id);
  const balance = (trained: readonly RolloutId[]) =>
    checkConservation({
      plans: [{ round: 1, ids, left: false }],
      jobs: [{ round: 1, trained, dropped: [] }],
      pool: poolLedger(
        ids,
        trajectories.map((one) => ({ ...one, reward: one.reward?.total })),
        completions.map((one) => ({ ...one, tokens: one.completionIds.length })),
        { by: 'group', divided: false },
      ),
      trajectories,
      accounts: written[0] as never,
      others: [],
    });
  expect(balance(ids)).toMatchObject({ balanced: true, trained: 3, problems: [] });
  expect(balance(batch.map(({ id }) => id)).balanced).toBe(false);
});

test('one completion without tokens masks its rollout, with the reason in the account and in the ledger alike', async () => {
  const made = await episodes.open({
    rollouts: 2,
    harness: {
      kind: 'process',
      process: processHarness.parse({
        command: [
          'python3',
          '-c',
          AGENT.replace(
            "'messages': said",
            "'messages': said, 'response_format': {'type': 'json_object'} if len(said) == 3 else {'type': 'text'}",
          ),
          '{prompt}',
        ],
      }),
    },
  });
  const replies = ['one+', '{"units": 3}', '{"units": 4}'];
  used.upstream.says = () => replies.shift()!;
  for (const index of [0, 1]) {
    await episodes.generate(made, index);
    await episodes.grade(made, index);
  }
  const records = await used.records();
  expect(records.map(({ fidelity }) => fidelity)).toEqual(['token-exact', 'text-only', 'token-exact']);
  const trajectories = await used.client.trajectories('demo/');
  expect(trajectories.map(({ outcome, completions }) => [outcome, completions.length])).toEqual([
    ['success', 2],
    ['policy_failure', 1],
  ]);
  const ledger = poolLedger(
    made.planned.map(({ id }) => id),
    trajectories.map((one) => ({ ...one, reward: one.reward?.total })),
    records.map((one) => ({ ...one, tokens: one.completionIds.length })),
    { by: 'group', divided: false },
  );
  expect(ledger.lines.map(({ reason }) => reason)).toEqual(['text_only', 'zero_advantage']);
});
