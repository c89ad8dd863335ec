// What the gateway answers, what it records of it, and which requests it refuses.
import { describe, expect, test } from 'vitest';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { chat, claims, POLICY, rollout, SECRET } from '../support/gateway.ts';
import type { EngineAnswer } from '../support/scripted-upstream.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();

describe('an answer', () => {
  test('has the OpenAI shape, and its record holds ids, log-probabilities and policy', async () => {
    const reply = await chat(on.gateway.url, { index: 0 });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      id: 'demo/r1/train.v0/g0/s0/c0',
      object: 'chat.completion',
      model: 'demo.v0',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'generation 1' } }],
      usage: { prompt_tokens: 26, completion_tokens: 12, total_tokens: 38 },
    });
    const [record] = await on.records();
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
    await chat(on.gateway.url, { body: { seed: 7 } });
    expect(on.upstream.bodies[0]).toMatchObject({
      seed: 7,
      temperature: 1,
      n_predict: 64,
      samplers: ['temperature'],
      n_probs: 1,
      return_tokens: true,
      post_sampling_probs: false,
    });
    await chat(on.gateway.url, { body: { temperature: 0.5 } });
    expect(on.upstream.bodies[1]).toMatchObject({ temperature: 0.5, post_sampling_probs: true });
    expect((await on.records())[1]!.logprobs[0]).toBeCloseTo(Math.log(0.5), 12);
  });

  test('is length when the tokens ran out', async () => {
    const reply = await chat(on.gateway.url, { body: { max_tokens: 5 } });
    expect(reply.body.choices?.[0]).toMatchObject({ finish_reason: 'length', message: { content: 'gener' } });
  });

  test('renders and tokenises a prompt once', async () => {
    for (let sample = 0; sample < 5; sample += 1) await chat(on.gateway.url, { of: { rollout: rollout(sample) } });
    expect(on.upstream.seen).toMatchObject({
      '/apply-template': 1,
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
    on.upstream.script = script;
    expect((await chat(on.gateway.url)).status).toBe(200);
    expect((await on.records())[0]).toMatchObject({ fidelity: 'text-only', text: 'generation 1' });
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
    const reply = await chat(on.gateway.url, { body });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({ code: 'gateway.bad_request', type: 'invalid_request_error' });
    expect(reply.body.error?.message).toMatch(message);
    expect(on.upstream.bodies).toEqual([]);
  });

  test('neutral values of OpenAI clients are fine', async () => {
    const body = { n: 1, stream: false, top_p: 1, seed: null, presence_penalty: 0, user: 'me', max_tokens: null };
    expect((await chat(on.gateway.url, { body: { ...body, max_completion_tokens: 8 } })).status).toBe(200);
    expect(on.upstream.bodies[0]!.n_predict).toBe(8);
  });

  test('no JSON, a wrong index, a wrong path', async () => {
    const headers = { authorization: `Bearer ${mintCredential(claims(), SECRET)}`, 'x-anneal-record': 'id' };
    const post = (path: string, body: string, more = {}) =>
      fetch(on.gateway.url + path, { method: 'POST', headers: { ...headers, ...more }, body }).then((r) => r.status);
    expect(await post('/v1/chat/completions', '{')).toBe(400);
    const long = await fetch(`${on.gateway.url}/v1/chat/completions`, {
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
