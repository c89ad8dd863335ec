import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { diskIo } from '../../gateway/segments/log.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { chat, claims, content, type DEMO, POLICY, rollout, SECRET, temporaryFolder } from '../support/gateway.ts';
import { type EngineAnswer, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

let stack: AsyncDisposableStack;
let upstream: ScriptedUpstream;
let gateway: Gateway;
let dir: string;

async function open(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const made = await createGateway({
    dir,
    controlUrl: upstream.url,
    secret: SECRET,
    port: 0,
    log: () => undefined,
    ...options,
  });
  stack.defer(() => made.close());
  return made;
}
const records = (prefix = 'demo/') => createGatewayClient({ url: gateway.url, secret: SECRET }).completions(prefix);

/** Patient: the machine may be busy. */
const soon = { timeout: 15_000 };
const metric = async (name: string): Promise<unknown> =>
  ((await fetch(`${gateway.url}/metrics`).then((response) => response.json())) as Record<string, unknown>)[name];

/** Lets every generation wait until the returned function is called: no test depends on how long something takes. */
function hold(): () => void {
  const gate = Promise.withResolvers<void>();
  upstream.script = () => gate.promise;
  return gate.resolve;
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = stack.use(await temporaryFolder()).path;
  upstream = await startScriptedUpstream();
  stack.defer(() => upstream.close());
  gateway = await open();
});
afterEach(() => stack.disposeAsync());

describe('an answer', () => {
  test('has the OpenAI shape, and its record holds ids, log-probabilities and policy', async () => {
    const reply = await chat(gateway.url, { index: 0 });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      id: 'demo/r1/train.v0/g0/s0/c0',
      object: 'chat.completion',
      model: 'demo.v0',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'generation 1' } }],
      usage: { prompt_tokens: 26, completion_tokens: 12, total_tokens: 38 },
    });
    const [record] = await records();
    const ids = [...'generation 1'].map((character) => character.charCodeAt(0));
    expect(record).toMatchObject({
      fidelity: 'token-exact',
      policy: POLICY,
      promptIds: [...'<|user|>hello<|assistant|>'].map((character) => character.charCodeAt(0)),
      completionIds: ids,
      logprobs: ids.map((id) => -id / 100),
      finish: 'stop',
    });
  });

  test('asks the engine for exactly the sampling distribution', async () => {
    await chat(gateway.url, { body: { seed: 7 } });
    expect(upstream.bodies[0]).toMatchObject({
      seed: 7,
      temperature: 1,
      n_predict: 64,
      samplers: ['temperature'],
      n_probs: 1,
      return_tokens: true,
      post_sampling_probs: false,
    });
    await chat(gateway.url, { body: { temperature: 0.5 } });
    expect(upstream.bodies[1]).toMatchObject({ temperature: 0.5, post_sampling_probs: true });
    expect((await records())[1]!.logprobs[0]).toBeCloseTo(Math.log(0.5), 12);
  });

  test('is length when the tokens ran out', async () => {
    const reply = await chat(gateway.url, { body: { max_tokens: 5 } });
    expect(reply.body.choices?.[0]).toMatchObject({ finish_reason: 'length', message: { content: 'gener' } });
  });

  test('tokenises a prompt once', async () => {
    for (let sample = 0; sample < 5; sample += 1) await chat(gateway.url, { of: { rollout: rollout(sample) } });
    expect(upstream.seen).toMatchObject({
      '/apply-template': 5,
      '/tokenize': 1,
      '/completion': 5,
      '/policies/demo.v0': 1,
    });
  });

  test.each<[string, (answer: EngineAnswer) => void]>([
    ['ids differ', ({ tokens }) => tokens.pop()],
    ['a probability is missing', (answer) => Object.assign(answer.completion_probabilities[0]!, { logprob: null })],
    ['the context was cut', (answer) => Object.assign(answer, { truncated: true })],
    ['not the whole prompt was seen', (answer) => Object.assign(answer, { tokens_evaluated: 1 })],
  ])('is text-only when %s', async (_, script) => {
    upstream.script = script;
    expect((await chat(gateway.url)).status).toBe(200);
    expect((await records())[0]).toMatchObject({ fidelity: 'text-only', text: 'generation 1' });
  });
});

describe('a request that cannot be done', () => {
  test.each([
    [{ n: 2 }, /n: only n = 1/],
    [{ stream: true }, /stream: only stream = false/],
    [{ top_p: 0.9 }, /top_p/],
    [{ temperature: 3, max_tokens: 0 }, /temperature.*max_tokens/],
    [{ messages: [] }, /messages/],
    [{ messages: [{ role: 'tool', content: 'x' }] }, /messages\.0\.role/],
    [{ tools: [] }, /tools/],
  ])('%j is refused with 400', async (body, message) => {
    const reply = await chat(gateway.url, { body });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({ code: 'gateway.bad_request', type: 'invalid_request_error' });
    expect(reply.body.error?.message).toMatch(message);
    expect(upstream.bodies).toEqual([]);
  });

  test('neutral values of OpenAI clients are fine', async () => {
    const body = { n: 1, stream: false, top_p: 1, seed: null, presence_penalty: 0, user: 'me', max_tokens: null };
    expect((await chat(gateway.url, { body: { ...body, max_completion_tokens: 8 } })).status).toBe(200);
    expect(upstream.bodies[0]!.n_predict).toBe(8);
  });

  test('no JSON, a wrong index, a wrong path', async () => {
    const headers = { authorization: `Bearer ${mintCredential(claims(), SECRET)}` };
    const post = (path: string, body: string, more = {}) =>
      fetch(gateway.url + path, { method: 'POST', headers: { ...headers, ...more }, body }).then((r) => r.status);
    expect(await post('/v1/chat/completions', '{')).toBe(400);
    const long = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: `"${'x'.repeat(5 << 20)}"`,
    }).catch(() => undefined);
    // Node's client may see the connection close before it reads the answer.
    if (long !== undefined) expect(await long.text()).toContain('longer than');
    expect(await post('/v1/chat/completions', '{}', { 'x-anneal-index': '-1' })).toBe(400);
    expect(await post('/v1/completions', '{}')).toBe(404);
    expect(await post('/constructor', '{}')).toBe(404);
  });
});

describe('credentials', () => {
  test('forged, altered, expired, absent and foreign ones are refused', async () => {
    const good = mintCredential(claims(), SECRET);
    const [payload, mac] = good.slice(4).split('.') as [string, string];
    const richer = Buffer.from(JSON.stringify({ ...claims(), maxRequests: 99 })).toString('base64url');
    const bad = [
      '',
      'anr_',
      payload,
      `anr_${payload}`,
      `anr_${payload}.`,
      `anr_${payload}.${'A'.repeat(43)}`,
      `anr_${richer}.${mac}`,
      `anr_${payload}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`,
      mintCredential(claims(), Buffer.from('another secret of some length')),
      mintCredential(claims({ expires: Math.floor(Date.now() / 1000) - 1 }), SECRET),
      mintCredential(claims({ scope: 'pool' }), SECRET),
      mintCredential(claims({ policy: undefined }), SECRET),
      mintCredential({ ...claims(), campaign: 'other' as typeof DEMO }, SECRET),
      mintCredential({ ...claims(), v: 2 } as unknown as ReturnType<typeof claims>, SECRET),
    ];
    for (const token of bad) {
      const reply = await chat(gateway.url, { token });
      expect([reply.status, reply.body.error?.code], token).toEqual([401, 'gateway.unauthorised']);
    }
    expect(upstream.seen).toEqual({});
    expect((await chat(gateway.url, { token: good })).status).toBe(200);
  });

  test('open one policy only', async () => {
    const reply = await chat(gateway.url, { body: { model: 'demo.v1' } });
    expect(reply.body.error?.code).toBe('gateway.unauthorised');
    const list = async (of: Parameters<typeof claims>[0]) =>
      (await fetch(`${gateway.url}/v1/models`, {
        headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` },
      }).then((response) => response.json())) as { data: { id: string }[] };
    expect((await list({})).data.map((model) => model.id)).toEqual(['demo.v0']);
    expect((await list({ scope: 'pool' })).data.map((model) => model.id)).toEqual(['demo.v0']);
  });

  test('a budget of requests ends them; repeats are free', async () => {
    const of = { maxRequests: 2 };
    expect((await chat(gateway.url, { of, index: 0 })).status).toBe(200);
    expect((await chat(gateway.url, { of, index: 1 })).status).toBe(200);
    expect((await chat(gateway.url, { of, index: 2 })).body.error?.code).toBe('gateway.budget_exhausted');
    expect((await chat(gateway.url, { of, index: 1 })).status).toBe(200);
    expect(upstream.bodies.length).toBe(2);
  });

  test('a budget of tokens is never passed, not even by requests at the same time', async () => {
    const of = { maxTokens: 100 };
    const replies = await Promise.all(
      [0, 1, 2].map((index) => chat(gateway.url, { of, index, body: { max_tokens: 40 } })),
    );
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 200, 403]);
    // 24 are used: what was reserved and not used is there again.
    expect((await chat(gateway.url, { of, index: 3, body: { max_tokens: 76 } })).status).toBe(200);
    expect((await chat(gateway.url, { of, index: 4, body: { max_tokens: 76 } })).status).toBe(403);
  });
});

describe('the same request', () => {
  test('gets the recorded answer, also after a restart', async () => {
    const first = await chat(gateway.url, { index: 0 });
    const again = await chat(gateway.url, { index: 0 });
    await gateway.close();
    gateway = await open();
    const later = await chat(gateway.url, { index: 0 });
    expect([again.body, later.body]).toEqual([first.body, first.body]);
    expect([first, again, later].map((reply) => reply.headers.get('x-anneal-how'))).toEqual([
      'generated',
      'replayed',
      'replayed',
    ]);
    expect(upstream.bodies.length).toBe(1);
  });

  test('joins the one in flight', async () => {
    const release = hold();
    const asked = Array.from({ length: 8 }, () => chat(gateway.url, { index: 0 }));
    await expect.poll(() => metric('inFlight'), soon).toBe(8);
    release();
    const replies = await Promise.all(asked);
    expect(new Set(replies.map(content))).toEqual(new Set(['generation 1']));
    expect(replies.map((reply) => reply.headers.get('x-anneal-how')).sort()).toEqual([
      'generated',
      ...Array(7).fill('joined'),
    ]);
    expect((await records()).length).toBe(1);
  });

  test('another one under its index is a conflict, in flight, recorded, and after a restart', async () => {
    const release = hold();
    const first = chat(gateway.url, { index: 0 });
    await expect.poll(() => upstream.bodies.length, soon).toBe(1);
    const other = { index: 0, body: { temperature: 0.5 } };
    expect((await chat(gateway.url, other)).body.error?.code).toBe('gateway.conflict');
    release();
    expect((await first).status).toBe(200);
    expect((await chat(gateway.url, other)).status).toBe(409);
    await gateway.close();
    gateway = await open();
    expect((await chat(gateway.url, { index: 0, body: { messages: [{ role: 'user', content: 'hi' }] } })).status).toBe(
      409,
    );
  });

  test('without an index each is a new one', async () => {
    const replies = [
      await chat(gateway.url),
      await chat(gateway.url),
      await chat(gateway.url, { index: 9 }),
      await chat(gateway.url),
    ];
    expect(replies.map((reply) => reply.body.id?.split('/').at(-1))).toEqual(['c0', 'c1', 'c9', 'c10']);
    await chat(gateway.url, { index: 4 });
    expect((await records()).map(({ index }) => index)).toEqual([0, 1, 4, 9, 10]);
  });
});

describe('a generation that fails', () => {
  test('gives its index back', async () => {
    upstream.script = () => Promise.reject(new Error('out of luck'));
    await chat(gateway.url);
    upstream.script = undefined;
    expect((await chat(gateway.url)).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
  });

  test('is recorded, and the retry is a new attempt', async () => {
    upstream.script = () => Promise.reject(new Error('out of luck'));
    const failed = await chat(gateway.url, { index: 0, of: { maxRequests: 1 } });
    expect([failed.status, failed.body.error?.code]).toEqual([502, 'gateway.upstream_failed']);
    upstream.script = undefined;
    const retried = await chat(gateway.url, { index: 0, of: { maxRequests: 1 } });
    expect(retried.body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
    const [first, second] = await records();
    expect(first).toMatchObject({
      id: 'demo/r1/train.v0/g0/s0/c0',
      finish: 'error',
      error: expect.stringContaining('out of luck'),
    });
    expect(second).toMatchObject({ id: 'demo/r1/train.v0/g0/s0/c0.a1', finish: 'stop' });
    expect((await chat(gateway.url, { index: 0 })).body).toEqual(retried.body);
  });

  test('another policy that answers is refused, recorded, and looked up anew', async () => {
    upstream.policy = 'demo.v3';
    const reply = await chat(gateway.url, { index: 0 });
    expect([reply.status, reply.body.error?.code, reply.headers.get('x-should-retry')]).toEqual([
      503,
      'policy.version_mismatch',
      'true',
    ]);
    expect((await records())[0]).toMatchObject({ policy: 'demo.v3', finish: 'error' });
    upstream.policy = 'demo.v0';
    expect((await chat(gateway.url, { index: 0 })).status).toBe(200);
    expect(upstream.seen['/policies/demo.v0']).toBe(2);
  });

  test('a policy that is not loaded, a policy server that is gone', async () => {
    const unknown = { of: { policy: 'unknown.v1' as typeof POLICY }, body: { model: 'unknown.v1' } };
    expect((await chat(gateway.url, unknown)).body.error?.code).toBe('stack.policy_unavailable');
    await upstream.close();
    const reply = await chat(gateway.url, { of: { rollout: rollout(1) } });
    expect([reply.status, reply.body.error?.code]).toEqual([503, 'stack.policy_unavailable']);
  });

  test('an engine that moved is found again without the client noticing', async () => {
    const [first, second] = [await startScriptedUpstream(), await startScriptedUpstream()];
    stack.defer(() => second.close());
    upstream.engineUrl = first.url;
    await chat(gateway.url, { index: 0 });
    await first.close();
    upstream.engineUrl = second.url;
    expect((await chat(gateway.url, { index: 1 })).status).toBe(200);
    expect([first.bodies.length, second.bodies.length]).toEqual([1, 1]);
  });

  test('a client that goes away stops it; the record says aborted', async () => {
    upstream.latencyMs = 5_000;
    const leave = new AbortController();
    const request = chat(gateway.url, { index: 0, signal: leave.signal });
    await expect.poll(() => upstream.bodies.length, soon).toBe(1);
    leave.abort();
    await expect(request).rejects.toThrow();
    await expect.poll(async () => (await records())[0]?.finish, soon).toBe('aborted');
    await expect.poll(() => upstream.aborted, soon).toBe(1);
    upstream.latencyMs = 0;
    expect((await chat(gateway.url, { index: 0 })).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
  });

  test('asked again while the abort is still being recorded, it is the next attempt', async () => {
    await gateway.close();
    let disk: Promise<void> = Promise.resolve();
    gateway = await open({ io: { write: diskIo.write, sync: (file) => disk.then(() => diskIo.sync(file)) } });
    const slow = Promise.withResolvers<void>();
    disk = slow.promise;
    upstream.latencyMs = 5_000;
    const leave = new AbortController();
    const request = chat(gateway.url, { index: 0, signal: leave.signal });
    await expect.poll(() => upstream.bodies.length, soon).toBe(1);
    leave.abort();
    await expect(request).rejects.toThrow();
    await expect.poll(() => upstream.aborted, soon).toBe(1);
    upstream.latencyMs = 0;
    const again = chat(gateway.url, { index: 0 });
    await expect.poll(() => metric('inFlight'), soon).toBe(1);
    slow.resolve();
    expect((await again).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
    expect((await records()).map(({ finish }) => finish)).toEqual(['aborted', 'stop']);
  });

  test('one of two waiting clients going away stops nothing', async () => {
    const release = hold();
    const leave = new AbortController();
    const first = chat(gateway.url, { index: 0, signal: leave.signal });
    const second = chat(gateway.url, { index: 0 });
    await expect.poll(() => metric('inFlight'), soon).toBe(2);
    leave.abort();
    await expect(first).rejects.toThrow();
    await expect.poll(() => metric('inFlight'), soon).toBe(1);
    release();
    expect(content(await second)).toBe('generation 1');
  });

  test('an engine that takes too long', async () => {
    await gateway.close();
    gateway = await open({ upstreamTimeoutMs: 100 });
    upstream.latencyMs = 5_000;
    const reply = await chat(gateway.url);
    expect([reply.status, reply.body.error?.message]).toEqual([
      502,
      expect.stringContaining('no answer within 100 ms'),
    ]);
  });
});

test('more requests than allowed are turned away at once, with Retry-After', async () => {
  await gateway.close();
  gateway = await open({ maxInFlight: 2 });
  const release = hold();
  const asked = [0, 1, 2, 3].map((index) => chat(gateway.url, { index }));
  await expect.poll(() => metric('failed'), soon).toBe(2);
  release();
  const replies = await Promise.all(asked);
  expect(replies.map((reply) => reply.status).sort()).toEqual([200, 200, 503, 503]);
  const refused = replies.find((reply) => reply.status === 503)!;
  expect([refused.body.error?.code, refused.headers.get('retry-after')]).toEqual(['gateway.overloaded', '1']);
  const metrics = (await fetch(`${gateway.url}/metrics`).then((r) => r.json())) as Record<string, number>;
  expect(metrics).toMatchObject({ inFlight: 0, generated: 2, failed: 2, tokens: 24 });
});

test('closing records what was in flight as aborted', async () => {
  upstream.latencyMs = 5_000;
  const reply = chat(gateway.url, { index: 0 }).catch(() => undefined);
  await expect.poll(() => upstream.bodies.length, soon).toBe(1);
  await Promise.all([gateway.close(), gateway.close()]);
  await reply;
  gateway = await open();
  expect((await records())[0]).toMatchObject({ finish: 'aborted' });
});
