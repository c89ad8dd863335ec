// The judge is Anthropic's own SDK, unchanged.
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import {
  EVERYTHING,
  PLAIN,
  type ScriptedDialects,
  startScriptedDialects,
} from '../../tests/support/scripted-dialects.ts';
import type { TurnEvent } from './turn.ts';

let server: ScriptedDialects;
let client: Anthropic;

beforeAll(async () => {
  server = await startScriptedDialects();
  client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

const weather = { name: 'weather', description: 'of a city', input_schema: { type: 'object' as const } };
const body = {
  model: 'policy-1',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hi' }],
  tools: [weather],
};

test('plain: thinking, text, tool use, usage with what came from a cache apart', async () => {
  server.script = () => EVERYTHING;
  const answer = await client.messages.create(body);
  expect(answer).toMatchObject({ id: 'msg_7f', type: 'message', role: 'assistant', stop_reason: 'tool_use' });
  expect(answer.content).toEqual([
    { type: 'thinking', thinking: 'They want the weather in two places.', signature: 'anneal' },
    { type: 'text', text: 'I look it up — “gleich” 🌦.', citations: null },
    { type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Graz' } },
    { type: 'tool_use', id: 'call_b', name: 'weather', input: { city: 'Linz', days: [1, 2] } },
  ]);
  expect(answer.usage).toMatchObject({ input_tokens: 32, cache_read_input_tokens: 8, output_tokens: 23 });
});

test('streamed: what the SDK puts together is the plain answer, by the sequence of events that it documents', async () => {
  server.script = () => EVERYTHING;
  const plain = await client.messages.create(body);
  const stream = client.messages.stream(body);
  const types: string[] = [];
  for await (const event of stream) types.push(event.type === 'content_block_delta' ? event.delta.type : event.type);
  expect(await stream.finalMessage()).toMatchObject({ ...plain, usage: { output_tokens: 23, input_tokens: 32 } });
  expect(types).toEqual([
    'message_start',
    ...['content_block_start', 'thinking_delta', 'signature_delta', 'content_block_stop'],
    ...['content_block_start', 'text_delta', 'content_block_stop'],
    ...['content_block_start', 'input_json_delta', 'content_block_stop'],
    ...['content_block_start', 'input_json_delta', 'content_block_stop'],
    'message_delta',
    'message_stop',
  ]);
});

test('a whole conversation: system, cached blocks, pictures, thinking, results with a failure, a mid-way instruction', async () => {
  server.script = () => PLAIN;
  await client.messages.create({
    model: 'policy-1',
    max_tokens: 64,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
          { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'anneal' },
          { type: 'redacted_thinking', data: 'xyz' },
          { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Graz' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'no' }], is_error: true },
          { type: 'text', text: 'Again' },
        ],
      },
    ],
    thinking: { type: 'enabled', budget_tokens: 32 },
    tools: [weather, { type: 'web_search_20250305', name: 'web_search' }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    metadata: { user_id: 'u' },
    service_tier: 'auto',
  });
  expect(server.requests.at(-1)).toEqual({
    model: 'policy-1',
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'image', source: { mediaType: 'image/png', data: 'iVBORw0KGgo=' } },
          { type: 'image', source: { url: 'https://example.org/a.png' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'reasoning', text: '', signature: 'xyz', redacted: true },
          { type: 'tool_call', id: 't1', name: 'weather', arguments: '{"city":"Graz"}' },
        ],
      },
      { role: 'tool', callId: 't1', content: [{ type: 'text', text: 'no' }], failed: true },
      { role: 'user', content: [{ type: 'text', text: 'Again' }] },
    ],
    tools: [{ name: 'weather', description: 'of a city', parameters: { type: 'object' } }],
    toolChoice: 'required',
    parallelToolCalls: false,
    sampling: { maxTokens: 64, stop: ['END'] },
    reasoning: { budgetTokens: 32 },
    stream: false,
    user: 'u',
    dropped: ['system.*.cache_control', 'service_tier', 'tools.1 (web_search_20250305)'],
  });
});

test('reasons to stop', async () => {
  const reason = async (change: object): Promise<unknown> => {
    server.script = () => ({ ...PLAIN, ...change });
    const [plain, streamed] = [await client.messages.create(body), await client.messages.stream(body).finalMessage()];
    expect(streamed.stop_reason).toBe(plain.stop_reason);
    return [plain.stop_reason, plain.stop_sequence];
  };
  expect(await reason({})).toEqual(['end_turn', null]);
  expect(await reason({ stopSequence: 'END' })).toEqual(['stop_sequence', 'END']);
  expect(await reason({ finish: 'length' })).toEqual(['max_tokens', null]);
  expect(await reason({ finish: 'content_filter' })).toEqual(['refusal', null]);
});

test('arguments that are no object reach the tool as the model wrote them', async () => {
  for (const [written, input] of [
    ['{"city": Graz', { unparsed: '{"city": Graz' }],
    ['', {}],
    ['[1]', { unparsed: '[1]' }],
  ] as const) {
    server.script = () => ({
      ...PLAIN,
      content: [{ type: 'tool_call', id: 'a', name: 'weather', arguments: written }],
    });
    const { content } = await client.messages.create(body);
    expect(content[0]).toMatchObject({ type: 'tool_use', input });
  }
});

test('pings keep a stream alive and are nothing to the SDK; usage comes with the end', async () => {
  const { id, model, created } = PLAIN;
  const ping = { type: 'ping' } as const;
  server.script = () => ({
    events: [
      { type: 'start', id, model, created },
      ping,
      { type: 'text', text: 'Hi' },
      ping,
      { type: 'finish', finish: 'stop' },
    ],
  });
  const message = await client.messages.stream(body).finalMessage();
  expect(message.content).toEqual([{ type: 'text', text: 'Hi', citations: null }]);
  expect(server.frames.filter((frame) => frame.startsWith('event: ping'))).toHaveLength(2);
});

test('models, and counting tokens', async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  expect(names).toEqual(['policy-1', 'policy-2']);
  const { max_tokens: _, ...counted } = body;
  expect(await client.messages.countTokens(counted)).toEqual({ input_tokens: 17 });
});

describe('errors', () => {
  const CLASSES = [
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [401, Anthropic.AuthenticationError, 'authentication_error'],
    [403, Anthropic.PermissionDeniedError, 'permission_error'],
    [404, Anthropic.NotFoundError, 'not_found_error'],
    [413, Anthropic.APIError, 'request_too_large'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [500, Anthropic.InternalServerError, 'api_error'],
    [502, Anthropic.InternalServerError, 'api_error'],
    [503, Anthropic.InternalServerError, 'overloaded_error'],
    [504, Anthropic.InternalServerError, 'timeout_error'],
  ] as const;

  test.each(CLASSES)('%i is the class that users catch', async (status, kind, type) => {
    server.script = () => ({ error: new AnnealError('gateway.overloaded', 'no luck'), status });
    const failure = await client.messages.create(body).catch((one) => one);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ status, type, apiMessage: 'no luck', errorCode: 'gateway.overloaded' });
  });

  test('in the middle of a stream', async () => {
    const { id, model, created } = PLAIN;
    const error = new AnnealError('gateway.upstream_failed', 'the answer broke off');
    const events: TurnEvent[] = [
      { type: 'start', id, model, created },
      { type: 'text', text: 'Good' },
      { type: 'error', error, status: 502 },
    ];
    server.script = () => ({ events });
    await expect(client.messages.stream(body).finalMessage()).rejects.toMatchObject({ type: 'api_error' });
  });

  test('a malformed request names every problem', async () => {
    const wrong = {
      model: 'policy-1',
      max_tokens: 0,
      messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }],
    };
    const failure = await client.messages.create(wrong as unknown as typeof body).catch((one) => one);
    expect(failure).toBeInstanceOf(Anthropic.BadRequestError);
    expect(failure.apiMessage).toContain('messages.0.content.0.text');
    expect(failure.apiMessage).toContain('max_tokens');
  });
});
