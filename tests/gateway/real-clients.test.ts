// Unchanged SDKs of both vendors through the gateway, before a scripted server. What they see is what they see without the gateway, and
// every call is in the record.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashOf } from '../../gateway/turns/reply.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, SECRET } from '../support/gateway.ts';
import { converse, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();
let provider: ScriptedProvider;

beforeEach(async () => {
  provider = await startScriptedProvider();
  provider.script = converse;
  await on.gateway.close();
  const scripted = { kind: 'openai', url: provider.url, model: 'scripted', key: 'sk-of-the-gateway' } as const;
  await on.open({ providers: new Map([[POLICY, scripted]]) });
});
afterEach(() => provider.close());

const token = (): string => mintCredential(claims(), SECRET);
/** By its key, and by the URL alone: an agent whose key is not ours to set. */
const openai = (way: 'direct' | 'key' | 'path'): OpenAI =>
  way === 'direct'
    ? new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk-of-the-gateway', maxRetries: 0 })
    : way === 'key'
      ? new OpenAI({ baseURL: `${on.gateway.url}/v1`, apiKey: token(), maxRetries: 0 })
      : new OpenAI({ baseURL: `${on.gateway.url}/r/${token()}/v1`, apiKey: 'sk-of-the-agent', maxRetries: 0 });
const anthropic = (way: 'key' | 'path'): Anthropic =>
  way === 'key'
    ? new Anthropic({ baseURL: on.gateway.url, apiKey: token(), maxRetries: 0 })
    : new Anthropic({ baseURL: `${on.gateway.url}/r/${token()}`, apiKey: 'sk-ant-of-the-agent', maxRetries: 0 });

const messages = [{ role: 'user' as const, content: 'Hello' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];

describe.each(['key', 'path'] as const)('by the %s', (way) => {
  test.each([{}, { tools }])('openai, plain: to the byte what the server says (%j)', async (more) => {
    const body = { model: 'scripted', messages, ...more };
    const direct = await openai('direct').chat.completions.create(body);
    expect(await openai(way).chat.completions.create(body)).toEqual(direct);
    expect(direct.choices[0]!.finish_reason).toBe('tools' in more ? 'tool_calls' : 'stop');
  });

  test.each([{}, { tools }, { stream_options: { include_usage: true } }])(
    'openai, streamed: event for event what the server says (%j)',
    async (more) => {
      const body = { model: 'scripted', messages, stream: true as const, ...more };
      const events = async (client: OpenAI): Promise<unknown[]> => {
        const all = [];
        for await (const event of await client.chat.completions.create(body)) all.push(event);
        return all;
      };
      expect(await events(openai(way))).toEqual(await events(openai('direct')));
    },
  );

  test('openai, Responses: a tool is called, its result goes back', async () => {
    const client = openai(way);
    const tool = { type: 'function' as const, name: 'weather', parameters, strict: true };
    const first = await client.responses.create({ model: 'scripted', input: 'Hello', tools: [tool] });
    const call = first.output.find((item) => item.type === 'function_call')!;
    expect(call).toMatchObject({ name: 'weather', arguments: '{"city":"Graz"}' });
    const input = [
      { role: 'user' as const, content: 'Hello' },
      call,
      { type: 'function_call_output' as const, call_id: call.call_id, output: 'rain' },
    ];
    const second = await client.responses.create({ model: 'scripted', input, tools: [tool] });
    expect(second.output_text).toBe('It says: "rain"');
    const streamed = client.responses.stream({ model: 'scripted', input: 'Hello' });
    expect((await streamed.finalResponse()).output_text).toBe('Good morning — Grüße 🌦.');
  });

  test('openai, Completions', async () => {
    provider.script = ({ body }) => ({
      chunks: [
        JSON.stringify({
          ...{ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'scripted' },
          choices: [{ index: 0, text: `${body.prompt} more`, logprobs: null, finish_reason: 'length' }],
        }),
      ],
    });
    const answer = await openai(way).completions.create({ model: 'scripted', prompt: 'Some', max_tokens: 1 });
    expect(answer.choices[0]).toMatchObject({ text: 'Some more', finish_reason: 'length' });
  });

  test('anthropic: plain, streamed, a tool and its result, counting, models', async () => {
    const client = anthropic(way);
    const body = { model: 'claude-whatever', max_tokens: 100, messages };
    const plain = await client.messages.create(body);
    expect(plain.content).toEqual([expect.objectContaining({ type: 'text', text: 'Good morning — Grüße 🌦.' })]);
    const streamed = await client.messages.stream(body).finalMessage();
    expect(streamed).toMatchObject({ content: plain.content, stop_reason: plain.stop_reason });
    const tool = { name: 'weather', input_schema: { ...parameters, type: 'object' as const } };
    const called = await client.messages.stream({ ...body, tools: [tool] }).finalMessage();
    expect(called.stop_reason).toBe('tool_use');
    const use = called.content.find((block) => block.type === 'tool_use')!;
    expect(use).toMatchObject({ name: 'weather', input: { city: 'Graz' } });
    const history = [
      ...messages,
      { role: 'assistant' as const, content: called.content },
      { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: use.id, content: 'rain' }] },
    ];
    const after = await client.messages.create({ ...body, messages: history, tools: [tool] });
    expect(after.content[0]).toMatchObject({ text: 'It says: "rain"' });
    expect((await client.messages.countTokens({ model: 'claude-whatever', messages })).input_tokens).toBeGreaterThan(0);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([POLICY]);
    expect((await openai(way).models.retrieve(POLICY)).id).toBe(POLICY);
  });
});

test('every call has a record: request, answer, how it came, and the hash of what the client was sent', async () => {
  const received: string[] = [];
  const spying: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    received.push(await response.clone().text());
    return response;
  };
  const client = new OpenAI({ baseURL: `${on.gateway.url}/v1`, apiKey: token(), maxRetries: 0, fetch: spying });
  await client.chat.completions.create({ model: 'scripted', messages, max_tokens: 9, seed: 4 });
  for await (const _ of await client.chat.completions.create({ model: 'scripted', messages, tools, stream: true }));
  const [plain, streamed] = await on.records();
  expect(plain).toMatchObject({
    ...{ id: 'demo/r1/train.v0/g0/s0/c0', index: 0, policy: POLICY, fidelity: 'text-only', finish: 'stop' },
    ...{ messages: [], sampling: { temperature: 1, maxTokens: 9, seed: 4 }, text: 'Good morning — Grüße 🌦.' },
    turn: {
      ...{ dialect: 'chat', inexact: ['the server was not asked for tokens'] },
      request: { model: 'scripted', messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] },
      answer: { model: 'scripted', finish: 'stop', usage: { input: 5, output: 3 } },
      upstream: { kind: 'openai', model: 'scripted', streamed: false, end: 'whole', lost: [] },
    },
  });
  expect(streamed).toMatchObject({
    ...{ id: 'demo/r1/train.v0/g0/s0/c1', index: 1, text: '' },
    turn: {
      answer: { finish: 'tool_calls', content: [{ type: 'tool_call', name: 'weather', arguments: '{"city":"Graz"}' }] },
      upstream: { streamed: true, end: 'done' },
    },
  });
  expect([plain, streamed].map((record) => record!.turn!.sent)).toEqual(received.map(hashOf));
  // The client's key is not the server's, and neither is in a record.
  expect(provider.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array(2).fill('Bearer sk-of-the-gateway'),
  );
  expect(JSON.stringify(await on.records())).not.toMatch(/sk-of|anr_/);
});

test('the SDKs raise their own classes for a wrong key, another policy, and a budget that is used up', async () => {
  const stranger = { apiKey: 'sk-nobody', maxRetries: 0 };
  const create = (client: OpenAI, model = 'scripted') => client.chat.completions.create({ model, messages });
  await expect(create(new OpenAI({ ...stranger, baseURL: `${on.gateway.url}/v1` }))).rejects.toBeInstanceOf(
    OpenAI.AuthenticationError,
  );
  const lost = new Anthropic({ ...stranger, baseURL: on.gateway.url });
  await expect(lost.messages.create({ model: 'm', max_tokens: 1, messages })).rejects.toBeInstanceOf(
    Anthropic.AuthenticationError,
  );
  await expect(create(openai('key'), 'demo.v1')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  const once = new OpenAI({
    baseURL: `${on.gateway.url}/v1`,
    apiKey: mintCredential(claims({ maxRequests: 1 }), SECRET),
    maxRetries: 0,
  });
  await create(once);
  await expect(create(once)).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
});

test('a client that leaves a stream half-way stops the server, and its record says so', async () => {
  provider.script = ({ body }) => ({ ...converse({ path: '', headers: {}, body }), everyMs: 30 });
  const stream = await openai('key').chat.completions.create({ model: 'scripted', messages, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content === 'Good ') break;
  }
  stream.controller.abort();
  await expect
    .poll(async () => (await on.records())[0], { timeout: 15_000 })
    .toMatchObject({
      ...{ finish: 'aborted', text: expect.stringMatching(/^Good /) },
      turn: { upstream: { end: 'left' } },
    });
  expect(provider.left).toBe(1);
});
