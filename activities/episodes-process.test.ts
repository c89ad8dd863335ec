// Somebody else's agent as a campaign's harness: a real process in a real sandbox before a real gateway, and a model by script.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processHarness } from '../contracts/harness.ts';
import type { EpisodeOptions } from '../tests/support/episode.ts';
import { rollout } from '../tests/support/gateway.ts';
import { processesWith } from '../tests/support/processes.ts';
import { useEpisodes } from '../tests/support/use-episodes.ts';
import { soon, useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);
const { played } = episodes;

/** An agent: it asks its model by what stands in its environment, and does what `then` says with the reply. */
const agent = (then: string, asks = 1): string => `
import json, os, socket, sys, time, urllib.error, urllib.request
def ask(content, path='/chat/completions', **more):
    body = {'model': os.environ['OPENAI_MODEL'], 'messages': [{'role': 'user', 'content': content}], 'temperature': 0, 'top_p': 0.5, **more}
    request = urllib.request.Request(os.environ['OPENAI_BASE_URL'] + path, json.dumps(body).encode(),
        {'authorization': 'Bearer ' + os.environ['OPENAI_API_KEY'], 'content-type': 'application/json'})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)['choices'][0]['message']['content']
for turn in range(${asks}):
    reply = ask(sys.argv[1] + str(turn))
${then}
`;
const open = (code: string, more: Partial<EpisodeOptions> = {}, settings: object = {}) =>
  episodes.open({
    harness: {
      ...{ kind: 'process', temperature: 0.7 },
      process: processHarness.parse({ command: ['python3', '-c', code, '{prompt}'], ...settings }),
    },
    ...more,
  });
const WRITES = "open('answer.json', 'w').write(reply)";

test('what an unchanged agent leaves is judged, and everything that it asked is on record as it was sampled', async () => {
  used.upstream.says = (body) => (body.messages.at(-1)!.content.includes('2') ? '{"units": 3}' : 'hm');
  const made = await open(agent(WRITES, 3));
  const { trajectory, episode } = await played(made);
  expect(trajectory).toMatchObject({ outcome: 'success', reward: { total: 1 }, artifact: { text: '{"units": 3}' } });
  expect(trajectory.completions).toEqual([0, 1, 2].map((index) => `${rollout(0)}/c${index}`));
  expect(episode).toMatchObject({ harness: 'process', end: 'exited', exitCode: 0, requests: 3 });
  const records = await used.records();
  expect(records.map(({ fidelity }) => fidelity)).toEqual(['token-exact', 'token-exact', 'token-exact']);
  // The agent asked for other sampling: the distribution that is trained on is the campaign's.
  for (const [index, { turn, sampling }] of records.entries()) {
    expect(sampling).toEqual({ temperature: 0.7, maxTokens: 200, seed: 7 + index });
    expect(turn!.request.sampling.topP).toBeUndefined();
  }
  expect(trajectory.tokens.completion).toBe(records.reduce((sum, one) => sum + one.completionIds.length, 0));
  expect(used.upstream.chats[0]!.messages[0]!.content).toMatch(/How many units.*answer\.json.*handed in/s);
});

test('nothing but the model is behind the door, and the agent sees what it was given and nothing else', async () => {
  const { port } = new URL(used.gateway.url);
  const code = agent(`
def tried(what):
    try:
        return what()
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__
base = os.environ['OPENAI_BASE_URL'].replace('/v1', '')
print(json.dumps({
    'gateway': tried(lambda: socket.create_connection(('127.0.0.1', ${port}), 2) and 'open'),
    'outside': tried(lambda: socket.create_connection(('192.0.2.1', 80), 2) and 'open'),
    'pool': tried(lambda: urllib.request.urlopen(base + '/pool/completions?prefix=demo/').status),
    'metrics': tried(lambda: urllib.request.urlopen(base + '/metrics').status),
    'dots': tried(lambda: urllib.request.urlopen(base + '/v1/models/../../pool/completions?prefix=demo/').status),
    'files': sorted(os.listdir('.')), 'proc': os.path.exists('/proc/self'), 'home': os.environ['HOME'],
}))
`);
  const made = await open(code);
  const { episode } = await played(made);
  const { turns } = JSON.parse(Buffer.from(await made.store.get(episode.transcript)).toString());
  expect(JSON.parse(turns[1].content)).toEqual({
    ...{ gateway: 'ConnectionRefusedError', outside: 'OSError', pool: 404, metrics: 404, dots: expect.anything() },
    ...{ files: ['orders.csv'], proc: false, home: '/tmp/scratch' },
  });
  expect(JSON.parse(turns[1].content).dots).not.toBe(200);
});

test('an exit code, a bound of requests and the end of its time are ends, and what it left counts', async () => {
  used.upstream.says = () => '{"units": 3}';
  const failing = await open(agent(`${WRITES}\nprint('x' * 400000)\nsys.exit(3)`));
  const left = await played(failing);
  expect(left).toMatchObject({ trajectory: { outcome: 'success' }, episode: { end: 'exited', exitCode: 3 } });
  const transcript = Buffer.from(await failing.store.get(left.episode.transcript)).toString();
  expect(transcript).toContain('bytes ...]');
  expect(transcript.length).toBeLessThan(200_000);
});

test('an agent that has used up its requests is told so, and ends as it likes', async () => {
  used.upstream.says = () => '{"units": 4}';
  const made = await open(agent(WRITES, 5), {}, { maxRequests: 2 });
  expect(await played(made)).toMatchObject({
    trajectory: { outcome: 'policy_failure', completions: [`${rollout(0)}/c0`, `${rollout(0)}/c1`] },
    episode: { end: 'requests', exitCode: 1 },
  });
});

test('an agent whose time is over at the gateway ends by that, also where its answer is broken off', async () => {
  used.upstream.says = (_, number) => (number === 1 ? '{"units": 3}' : new Promise<string>(() => undefined));
  const code = agent(
    `${WRITES}\nfor turn in range(2):\n    try:\n        ask('more')\n    except urllib.error.HTTPError as refused:\n        print(refused.code)`,
  );
  const made = await open(code, {
    harness: {
      ...{ kind: 'process', session: { maxSeconds: 3 } },
      process: processHarness.parse({ command: ['python3', '-c', code, '{prompt}'] }),
    },
  });
  const { trajectory, episode } = await played(made);
  expect(episode).toMatchObject({ end: 'time', exitCode: 0, requests: 3 });
  expect(trajectory.outcome).toBe('success');
  expect((await used.records()).map(({ turn }) => turn!.upstream.end)).toEqual([
    expect.anything(),
    'stopped',
    'unasked',
  ]);
});

test('time that is over ends it and everything that it started, and a file that was there is judged', async () => {
  used.upstream.says = () => '{"units": 3}';
  const code = agent(`${WRITES}\nif os.fork() == 0:\n    os.setsid()\ntime.sleep(600)`);
  const made = await open(code, { timeoutMs: 4_000 });
  expect(await played(made)).toMatchObject({
    trajectory: { outcome: 'success' },
    episode: { end: 'time', exitCode: null },
  });
});

test('a policy server that fails is nobody’s failure: the attempt is none, and the next one shares no completion with it', async () => {
  used.upstream.says = (_, number) => {
    if (number === 2) throw new Error('out of memory');
    return '{"units": 3}';
  };
  const made = await open(agent(WRITES, 2));
  await expect(episodes.generate(made)).rejects.toMatchObject({
    code: 'gateway.upstream_failed',
  });
  await expect(episodes.grade(made)).rejects.toThrow('left nothing to judge');
  const { trajectory } = await played(made);
  expect(trajectory).toMatchObject({
    outcome: 'success',
    completions: [1, 2].map((index) => expect.stringContaining(`/c${index}`)),
  });
  const records = await used.records();
  expect(records.filter(({ finish }) => finish === 'stop').map(({ index }) => index)).toEqual([0, 1, 2]);
  // Asked again, it is found.
  used.upstream.says = undefined;
  await episodes.generate(made);
  expect(await used.records()).toHaveLength(records.length);
});

test('an agent that cannot start, or is not there, says what is wrong', async () => {
  const absent = await open('', {}, { command: ['no-such-program'] });
  await expect(episodes.generate(absent)).rejects.toMatchObject({
    code: 'harness.failed',
    message: expect.stringContaining('no-such-program: No such file or directory'),
  });
  const missing = await open('', {}, { agent: 'ours' });
  await expect(episodes.generate(missing)).rejects.toMatchObject({
    code: 'harness.missing',
    message: expect.stringContaining(join(episodes.folder, 'ours')),
  });
});

test('the folder of an agent is shown to it, read-only', async () => {
  mkdirSync(join(episodes.folder, 'agents', 'ours'), { recursive: true });
  writeFileSync(join(episodes.folder, 'agents', 'ours', 'answer.txt'), '{"units": 3}');
  chmodSync(episodes.folder, 0o755);
  const code = agent(
    "open('answer.json', 'w').write(open('/agent/answer.txt').read())\ntry:\n    open('/agent/x', 'w')\nexcept OSError as error:\n    print(error.strerror)",
  );
  const made = await open(code, { agents: join(episodes.folder, 'agents') }, { agent: 'ours' });
  const { trajectory, episode } = await played(made);
  expect(trajectory.outcome).toBe('success');
  expect(Buffer.from(await made.store.get(episode.transcript)).toString()).toContain('Read-only file system');
});

test('cancelled, nothing of it goes on, and nothing is on record of it', async () => {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  used.upstream.says = () => {
    asked.resolve();
    return 'wait';
  };
  const mark = `mark-${process.pid}-${Date.now()}`;
  const made = await open(agent(`time.sleep(600) # ${mark}`));
  const running = episodes.generate(made, 0, stop.signal);
  await asked.promise;
  await expect.poll(() => processesWith(mark), soon).not.toEqual([]);
  stop.abort(new Error('cancelled'));
  await expect(running).rejects.toThrow('cancelled');
  expect(processesWith(mark)).toEqual([]);
  expect(await made.store.listNamed('campaigns/')).toEqual([]);
});

test('an agent that is refused because it goes round in circles ends as it likes, and its end is a loop', async () => {
  used.upstream.says = () => 'once more';
  const code = agent(`
said = []
try:
    for turn in range(9):
        messages = [{'role': 'user', 'content': 'Go on.'}] + said
        said += [{'role': 'assistant', 'content': ask('', messages=messages)}, {'role': 'user', 'content': 'no'}]
except urllib.error.HTTPError as failure:
    open('answer.json', 'w').write('{"units": 3}')
`);
  const made = await open(code, {
    harness: {
      ...{ kind: 'process', session: { loops: 'stop', maxSeconds: 600 } },
      process: processHarness.parse({ command: ['python3', '-c', code, '{prompt}'] }),
    },
  });
  const { trajectory, episode } = await played(made);
  // One to begin with, four in the circle, and the one that is refused.
  expect(episode).toMatchObject({ end: 'loop', exitCode: 0, requests: 6 });
  expect(trajectory.outcome).toBe('success');
});
