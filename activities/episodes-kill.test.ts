// A worker that dies in the middle of a rollout of several steps: nothing of it goes on, nothing of it is lost, nothing of it counts.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type HarnessSpec, processHarness, toolLoop } from '../contracts/harness.ts';
import { forgetDeadTemporary } from '../infra/process/work-folder.ts';
import { rollout } from '../tests/support/gateway.ts';
import { processesWith } from '../tests/support/processes.ts';
import { toolCall, useEpisodes } from '../tests/support/use-episodes.ts';
import { soon, useGateway } from '../tests/support/use-gateway.ts';

const PROGRAM = fileURLToPath(new URL('../tests/support/episode-process.ts', import.meta.url));
const used = useGateway();
const episodes = useEpisodes(used);

const MARK = `killed-${process.pid}`;
const AGENT = `
import json, os, sys, urllib.request # ${MARK}
for turn in range(3):
    body = {'model': 'any', 'messages': [{'role': 'user', 'content': str(turn)}]}
    request = urllib.request.Request(os.environ['OPENAI_BASE_URL'] + '/chat/completions', json.dumps(body).encode(),
        {'authorization': 'Bearer ' + os.environ['OPENAI_API_KEY'], 'content-type': 'application/json'})
    reply = json.load(urllib.request.urlopen(request))['choices'][0]['message']['content']
open('answer.json', 'w').write(reply)
`;
const WRITE = toolCall('write_file', { path: 'answer.json', content: '{"units": 3}' });
const SUBMIT = toolCall('submit', {});
/** Of the agent: the worker that is to be killed is told the mark too. */
const agents = () => processesWith(MARK, 'episode-process');
const HARNESSES: Readonly<Record<string, Partial<HarnessSpec>>> = {
  process: { kind: 'process', process: processHarness.parse({ command: ['python3', '-c', AGENT] }) },
  'tool-loop': { kind: 'tool-loop', loop: toolLoop.parse({}) },
};
const REPLIES = { process: ['one', 'two', '{"units": 3}'], 'tool-loop': [WRITE, WRITE, SUBMIT] } as const;

test.each(['process', 'tool-loop'] as const)('a %s harness', async (kind) => {
  const held = Promise.withResolvers<string>();
  let asked = 0;
  used.upstream.says = () => {
    asked += 1;
    // The second request of the first attempt is never answered.
    if (asked === 2) return held.promise;
    return REPLIES[kind][asked === 1 ? 0 : asked - 3]!;
  };
  const options = { gatewayUrl: used.gateway.url, folder: episodes.folder, harness: HARNESSES[kind]! };
  const worker = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise((resolve) => worker.once('close', (_, signal) => resolve(signal)));
  used.defer(() => void worker.kill('SIGKILL'));
  await expect.poll(() => asked, soon).toBe(2);
  if (kind === 'process') expect(agents()).not.toEqual([]);
  const doors = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`anneal-door.${worker.pid}-`));
  expect(doors()).toHaveLength(kind === 'process' ? 1 : 0);
  worker.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  // The sandbox ends with its parent, and the request with the sandbox.
  await expect.poll(agents, soon).toEqual([]);
  // Its door is shut by the next worker.
  await forgetDeadTemporary();
  expect(doors()).toEqual([]);
  held.resolve('too late');
  await expect.poll(async () => (await used.records()).length, soon).toBe(2);

  const made = await episodes.open({ harness: HARNESSES[kind]! });
  expect(await made.store.listNamed('campaigns/')).toEqual([]);
  const { trajectory } = await episodes.played(made);
  const records = await used.records();
  const usable = records.filter(({ finish }) => finish === 'stop').map(({ id }) => id);
  // What the first attempt asked is on record, and none of it is the second one's.
  expect(usable).toHaveLength(4);
  expect(trajectory).toMatchObject({ outcome: 'success', completions: usable.slice(1) });
  expect(usable[0]).toBe(`${rollout(0)}/c0`);
  expect(trajectory.tokens.completion).toBe(
    records.filter(({ id }) => usable.slice(1).includes(id)).reduce((sum, one) => sum + one.completionIds.length, 0),
  );
});
