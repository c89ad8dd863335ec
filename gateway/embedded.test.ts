import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { campaignName, makePolicyName, makeRolloutId } from '../contracts/ids.ts';
import type { ChatRequest } from '../contracts/ports.ts';
import { createGatewayClient } from '../infra/gateway-client/client.ts';
import { oneServer } from '../infra/gateway-client/one-server.ts';
import { openEmbeddedGateway } from './embedded.ts';
import type { Engines } from './engine.ts';
import { createGateway } from './gateway.ts';

const campaign = campaignName.parse('demo');
const policy = makePolicyName(campaign, 0);
const rollout = makeRolloutId({ campaign, round: 0, purpose: 'gate', policyVersion: 0, group: 3, sample: 1 });
const none = new AbortController().signal;
const request = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  ...{ rollout, index: 0, policy, messages: [{ role: 'user', content: 'One and one?' }] },
  ...{ temperature: 0, maxTokens: 8, seed: 1, timeoutMs: 5_000 },
  ...more,
});

let dir: string;
let asked: number;
/** *Scripted*: says two, after as long as it is told to. */
const engines = (milliseconds = 0): Engines => ({
  async generate(model, _messages, _sampling, signal) {
    asked += 1;
    await new Promise((resolve, reject) => {
      setTimeout(resolve, milliseconds);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const ids = { promptIds: [1, 2], completionIds: [3], logprobs: [-0.5] };
    return { model, ...ids, fidelity: 'token-exact', text: 'two', finish: 'stop' };
  },
  list: async () => [policy],
  forget: () => undefined,
  close: () => undefined,
});
const open = (milliseconds?: number) =>
  openEmbeddedGateway({ dir, engines: engines(milliseconds), log: () => undefined });

beforeEach(async () => {
  asked = 0;
  dir = await mkdtemp(join(tmpdir(), 'anneal-embedded-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('answers a request once, and from its record after a restart', async () => {
  const first = await open();
  const [one, two] = await Promise.all([first.complete(request(), none), first.complete(request(), none)]);
  expect(two).toEqual(one);
  await first.close();
  const second = await open();
  expect(await second.complete(request(), none)).toEqual(one);
  expect(asked).toBe(1);
  await expect(second.complete(request({ seed: 2 }), none)).rejects.toMatchObject({ code: 'gateway.conflict' });
  await second.close();
});

it('leaves what a gateway behind HTTP serves, to the byte of a request’s hash', async () => {
  const embedded = await open();
  const record = await embedded.complete(request(), none);
  await embedded.close();
  const secret = Buffer.alloc(32, 7);
  // No policy server is there: the answer can only come from the record.
  const gateway = await createGateway({
    ...{ dir, secret, servers: oneServer('http://127.0.0.1:9'), port: 0, log: () => undefined },
  });
  try {
    const client = createGatewayClient({ url: gateway.url, secret });
    expect(await client.complete(request(), none)).toEqual(record);
    expect(await client.completions(`${campaign}/r0/`)).toEqual([record]);
  } finally {
    await gateway.close();
  }
});

it('gives an answer up when its time is over, and says so', async () => {
  const gateway = await open(10_000);
  await expect(gateway.complete(request({ timeoutMs: 20 }), none)).rejects.toMatchObject({
    code: 'gateway.upstream_failed',
    message: 'no answer within 20 ms',
  });
  await gateway.close();
  const again = await open();
  expect((await again.completions(rollout)).map(({ finish }) => finish)).toEqual(['aborted']);
  await again.close();
});

it('keeps to one answer for each index, as a credential would', async () => {
  const gateway = await open();
  await gateway.complete(request(), none);
  await gateway.complete(request({ index: 1 }), none);
  await expect(gateway.complete(request({ index: 0, seed: 9 }), none)).rejects.toMatchObject({
    code: 'gateway.conflict',
  });
  await gateway.close();
});
