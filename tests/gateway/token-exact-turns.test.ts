// Agents' turns whose tokens are known: what is asked of each kind of server unseen by the client, what is believed, and what is not.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, SECRET } from '../support/gateway.ts';
import { chunk, type ScriptedProvider, sse, startScriptedProvider, whole } from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();
const openai = (): OpenAI =>
  new OpenAI({ baseURL: `${on.gateway.url}/v1`, apiKey: mintCredential(claims(), SECRET), maxRetries: 0 });
const codes = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));
const messages = [{ role: 'user' as const, content: 'hello' }];
const tools = [{ type: 'function' as const, function: { name: 'f', parameters: {} } }];

describe("the project's own engine", () => {
  test('is asked for a whole answer with tokens; the client gets a stream without them', async () => {
    const events: unknown[] = [];
    const stream = await openai().chat.completions.create({ model: POLICY, messages, tools, stream: true });
    for await (const event of stream) events.push(event);
    expect(JSON.stringify(events)).toContain('chat 1');
    expect(JSON.stringify(events)).not.toMatch(/"id":99|-0\.99/);
    expect(on.upstream.chats[0]).toMatchObject({
      ...{ stream: false, n_probs: 1, return_tokens: true, samplers: ['temperature'] },
    });
    const [record] = await on.records();
    expect(record).toMatchObject({
      ...{ fidelity: 'token-exact', text: 'chat 1', policy: POLICY },
      promptIds: codes('<|user|>hello<|assistant|>'),
      completionIds: codes('chat 1'),
      logprobs: codes('chat 1').map((id) => -id / 100),
      turn: { dialect: 'chat', upstream: { kind: 'llamacpp', streamed: false, end: 'whole' } },
    });
    expect(record!.turn!.inexact).toBeUndefined();
  });

  test('Messages and Responses are as exact; what bends the distribution is not, and says so', async () => {
    const client = new Anthropic({ baseURL: on.gateway.url, apiKey: mintCredential(claims(), SECRET), maxRetries: 0 });
    const body = { model: 'claude-whatever', max_tokens: 64, messages };
    await client.messages.create(body);
    await openai().responses.create({ model: POLICY, input: 'hello' });
    await openai().chat.completions.create({ model: POLICY, messages, top_p: 0.5 });
    expect((await client.messages.countTokens({ model: 'claude-whatever', messages })).input_tokens).toBe(26);
    const records = await on.records();
    expect(records.map(({ fidelity, turn }) => [turn!.dialect, fidelity, turn!.inexact])).toEqual([
      ['messages', 'token-exact', undefined],
      ['responses', 'token-exact', undefined],
      ['chat', 'text-only', ['top_p bends the distribution that was sampled from']],
    ]);
  });

  test('harness and agents share a rollout’s numbers and its budget', async () => {
    const of = { maxRequests: 2, maxTokens: 100 };
    const client = new OpenAI({
      ...{ baseURL: `${on.gateway.url}/v1`, apiKey: mintCredential(claims(of), SECRET), maxRetries: 0 },
    });
    await client.chat.completions.create({ model: POLICY, messages });
    // No bound was set: the budget's is.
    expect(on.upstream.chats[0]).toMatchObject({ max_tokens: 100 });
    await on.client.complete(
      {
        ...{ rollout: claims().rollout!, index: 1, policy: POLICY, messages, temperature: 1, maxTokens: 9, seed: 1 },
        timeoutMs: 5_000,
      },
      new AbortController().signal,
    );
    await expect(client.chat.completions.create({ model: POLICY, messages })).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
    const records = await on.records();
    expect(records.map(({ index, error }) => [index, error !== undefined])).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
  });
});

describe('vLLM', () => {
  const named = (ids: readonly number[]): object => ({
    logprobs: { content: ids.map((id) => ({ token: `token_id:${id}`, logprob: -0.25 * id, top_logprobs: [] })) },
    token_ids: ids,
  });
  const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };
  const frames = (more: object = {}): string[] =>
    sse(
      chunk({ role: 'assistant', content: '' }, {}, { prompt_token_ids: [9, 8] }),
      chunk({ content: 'Hi' }, named([1, 2])),
      chunk({ content: '!' }, named([3])),
      chunk({}, { finish_reason: 'stop' }),
      { ...chunk({}), choices: [], usage, ...more },
      '[DONE]',
    );

  async function open(script: ScriptedProvider['script']): Promise<ScriptedProvider> {
    const provider = await startScriptedProvider();
    on.defer(() => provider.close());
    provider.script = script;
    await on.gateway.close();
    await on.open({ providers: new Map([[POLICY, { kind: 'vllm', url: provider.url, model: 'served' }]]) });
    return provider;
  }

  test('streams tokens, which reach the record and not the client', async () => {
    const provider = await open(() => ({ chunks: frames() }));
    const deltas: unknown[] = [];
    for await (const event of await openai().chat.completions.create({ model: 'any', messages, stream: true })) {
      deltas.push(event.choices[0]?.delta);
      expect(JSON.stringify(event)).not.toMatch(/token_id/);
    }
    expect(deltas).toEqual([{ role: 'assistant', content: '' }, { content: 'Hi' }, { content: '!' }, {}]);
    expect(provider.requests[0]!.body).toMatchObject({ model: 'served', return_token_ids: true, logprobs: true });
    expect((await on.records())[0]).toMatchObject({
      ...{ fidelity: 'token-exact', promptIds: [9, 8], completionIds: [1, 2, 3], logprobs: [-0.25, -0.5, -0.75] },
    });
  });

  test.each([
    ['a usage of other lengths', () => frames({ usage: { ...usage, completion_tokens: 4 } }), /3 token ids, but 4/],
    ['an absurd usage', () => frames({ usage: { prompt_tokens: -1 } }), /usage that cannot be/],
    ['no ids of the prompt', () => frames().map((one) => one.replace('prompt_token_ids', 'x')), /prompt's token ids/],
    [
      'no tokens',
      () => frames().map((one) => one.replace('"token_ids"', '"x"').replace('token_id:', '')),
      /no token ids/,
    ],
  ])('%s: text-only', async (_, chunks, why) => {
    await open(() => ({ chunks: chunks() }));
    for await (const _event of await openai().chat.completions.create({ model: 'any', messages, stream: true }));
    const [record] = await on.records();
    expect([record!.fidelity, record!.turn!.inexact!.join()]).toEqual(['text-only', expect.stringMatching(why)]);
  });

  test('a whole answer at another temperature is not exact: its log-probabilities are from before it', async () => {
    const answer = whole({ content: 'Hi!' }, named([1, 2, 3]), { prompt_token_ids: [9, 8], usage });
    await open(() => ({ chunks: [answer] }));
    await openai().chat.completions.create({ model: 'any', messages, temperature: 0.7 });
    await openai().chat.completions.create({ model: 'any', messages, temperature: 1 });
    expect((await on.records()).map(({ fidelity }) => fidelity)).toEqual(['text-only', 'token-exact']);
  });
});
