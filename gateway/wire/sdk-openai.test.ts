// The judge is OpenAI's own SDK, unchanged.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import {
  EVERYTHING,
  PLAIN,
  type ScriptedDialects,
  startScriptedDialects,
} from '../../tests/support/scripted-dialects.ts';
import { unseal } from './responses/seal.ts';

let server: ScriptedDialects;
let client: OpenAI;

beforeAll(async () => {
  server = await startScriptedDialects();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

const weather = {
  type: 'function' as const,
  function: { name: 'weather', description: 'of a city', parameters: { type: 'object', properties: {} }, strict: true },
};
const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';

describe('Chat Completions', () => {
  test('plain: text, reasoning, tool calls, usage', async () => {
    server.script = () => EVERYTHING;
    const answer = await client.chat.completions.create({
      model: 'policy-1',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: PICTURE } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'done' },
      ],
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      store: false,
      prompt_cache_key: 'k',
    });
    expect(answer.choices[0]).toEqual({
      index: 0,
      finish_reason: 'tool_calls',
      logprobs: null,
      message: {
        role: 'assistant',
        content: 'I look it up — “gleich” 🌦.',
        refusal: null,
        reasoning_content: 'They want the weather in two places.',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Graz"}' } },
          { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"city":"Linz","days":[1,2]}' } },
        ],
      },
    });
    expect(answer.usage).toMatchObject({ prompt_tokens: 40, completion_tokens: 23, total_tokens: 63 });
    expect(server.requests.at(-1)).toMatchObject({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', content: [{ text: 'See' }, { source: { mediaType: 'image/png', data: 'iVBORw0KGgo=' } }] },
        { role: 'assistant', content: [{ type: 'tool_call', id: 'c', name: 'f', arguments: '{}' }] },
        { role: 'tool', callId: 'c', content: [{ type: 'text', text: 'done' }] },
      ],
      toolChoice: { name: 'weather' },
      dropped: ['store', 'prompt_cache_key'],
    });
  });

  test('streamed: what the SDK puts together is the plain answer', async () => {
    server.script = () => EVERYTHING;
    const body = { model: 'policy-1', messages: [{ role: 'user' as const, content: 'Hi' }], tools: [weather] };
    const plain = await client.chat.completions.create(body);
    const streamed = await client.chat.completions
      .stream({ ...body, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(streamed.choices[0]!.message).toMatchObject(plain.choices[0]!.message);
    expect(streamed).toMatchObject({ id: plain.id, model: plain.model, created: plain.created, usage: plain.usage });
    expect(streamed.choices[0]!.finish_reason).toBe('tool_calls');
    expect(server.frames.at(-1)).toBe('data: [DONE]\n\n');
    expect(server.frames.at(-2)).toContain('"choices":[]');
  });

  test('streamed without usage asked for: no chunk of it', async () => {
    server.script = () => PLAIN;
    const chunks = [];
    const body = { model: 'policy-1', messages: [{ role: 'user' as const, content: 'Hi' }], stream: true as const };
    for await (const chunk of await client.chat.completions.create(body)) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'Good morning.' },
      {},
    ]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.every((chunk) => chunk.usage === undefined)).toBe(true);
  });
});

test('legacy Completions, plain and streamed, by text and by ids', async () => {
  server.script = () => ({
    ...PLAIN,
    logprobs: [{ token: 'Good', logprob: -0.5, top: [{ token: 'Good', logprob: -0.5 }] }],
  });
  const plain = await client.completions.create({ model: 'policy-1', prompt: 'Say', max_tokens: 4, logprobs: 1 });
  expect(plain).toMatchObject({ id: 'cmpl-80', object: 'text_completion', usage: { total_tokens: 8 } });
  expect(plain.choices[0]).toMatchObject({
    text: 'Good morning.',
    finish_reason: 'stop',
    logprobs: { tokens: ['Good'] },
  });
  let text = '';
  const stream = await client.completions.create({ model: 'policy-1', prompt: [1, 2, 3], stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
  expect(text).toBe('Good morning.');
  expect(server.requests.at(-1)?.prompt).toEqual({ ids: [1, 2, 3] });
});

describe('Responses', () => {
  const tool = { type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: true };

  test('plain and streamed are the same object, and every event is of a kind that the SDK follows', async () => {
    server.script = () => EVERYTHING;
    const body = { model: 'policy-1', instructions: 'Be brief.', input: 'Hi', tools: [tool] };
    const plain = await client.responses.create(body);
    expect(plain.output_text).toBe('I look it up — “gleich” 🌦.');
    expect(plain.output.map(({ type }) => type)).toEqual(['reasoning', 'message', 'function_call', 'function_call']);
    expect(plain).toMatchObject({
      status: 'completed',
      usage: { input_tokens: 40, output_tokens: 23, total_tokens: 63 },
    });
    const stream = client.responses.stream(body);
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    const streamed = await stream.finalResponse();
    const { parsed_arguments: _, ...last } = streamed.output[3] as { parsed_arguments?: unknown };
    expect({ ...streamed, output: [] }).toMatchObject({ ...plain, output: [] });
    expect(last).toEqual(plain.output[3]);
    expect(streamed.output).toMatchObject(plain.output);
    expect(types).toEqual([
      ...['response.created', 'response.in_progress'],
      ...['response.output_item.added', 'response.content_part.added', 'response.reasoning_text.delta'],
      ...['response.reasoning_text.done', 'response.content_part.done', 'response.output_item.done'],
      ...['response.output_item.added', 'response.content_part.added', 'response.output_text.delta'],
      ...['response.output_text.done', 'response.content_part.done', 'response.output_item.done'],
      ...['response.output_item.added', 'response.function_call_arguments.delta'],
      ...['response.function_call_arguments.done', 'response.output_item.done'],
      ...['response.output_item.added', 'response.function_call_arguments.delta'],
      ...['response.function_call_arguments.done', 'response.output_item.done'],
      'response.completed',
    ]);
    const numbers = server.frames.map((frame) => JSON.parse(frame.split('data: ')[1]!).sequence_number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  });

  test('an answer that is sent back with the tools’ results is one turn of the model’s, its reasoning in it', async () => {
    server.script = () => EVERYTHING;
    const include = ['reasoning.encrypted_content' as const];
    const first = await client.responses.create({ model: 'policy-1', input: 'Hi', tools: [tool], include });
    const sealed = first.output[0] as OpenAI.Responses.ResponseReasoningItem;
    expect(unseal(sealed.encrypted_content)).toBe('They want the weather in two places.');
    // As clients do that keep only the sealed form.
    const kept = first.output.map((item) => (item.type === 'reasoning' ? { ...item, content: [] } : item));
    await client.responses.create({
      model: 'policy-1',
      input: [
        { role: 'user', content: 'Hi' },
        ...(kept as OpenAI.Responses.ResponseInputItem[]),
        { type: 'function_call_output', call_id: 'call_a', output: '3 °C' },
      ],
    });
    expect(server.requests.at(-1)?.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: EVERYTHING.content },
      { role: 'tool', callId: 'call_a', content: [{ type: 'text', text: '3 °C' }] },
    ]);
  });

  test('an answer that was cut short says so, plain and streamed', async () => {
    server.script = () => ({ ...PLAIN, finish: 'length' });
    const plain = await client.responses.create({ model: 'policy-1', input: 'Hi' });
    const streamed = await client.responses.stream({ model: 'policy-1', input: 'Hi' }).finalResponse();
    for (const one of [plain, streamed]) {
      expect(one).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    }
  });

  test('what refers to a stored response is refused with its path', async () => {
    const asked = client.responses.create({ model: 'policy-1', input: 'Hi', previous_response_id: 'resp_1' });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      param: 'previous_response_id',
      code: 'gateway.bad_request',
    });
  });
});

test('models', async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  expect(names).toEqual(['policy-1', 'policy-2']);
});

describe('errors', () => {
  const CLASSES = [
    [400, OpenAI.BadRequestError],
    [401, OpenAI.AuthenticationError],
    [403, OpenAI.PermissionDeniedError],
    [404, OpenAI.NotFoundError],
    [409, OpenAI.ConflictError],
    [422, OpenAI.UnprocessableEntityError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
    [502, OpenAI.InternalServerError],
    [503, OpenAI.InternalServerError],
  ] as const;

  test.each(CLASSES)('%i is the class that users catch, in every dialect', async (status, kind) => {
    server.script = () => ({ error: new AnnealError('gateway.upstream_failed', 'no luck'), status });
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const asked = [
      () => client.chat.completions.create({ model: 'm', messages }),
      () => client.completions.create({ model: 'm', prompt: 'Hi' }),
      () => client.responses.create({ model: 'm', input: 'Hi' }),
    ];
    for (const ask of asked) {
      const failure = await ask().catch((one) => one);
      expect(failure).toBeInstanceOf(kind);
      expect(failure).toMatchObject({ status, code: 'gateway.upstream_failed', message: `${status} no luck` });
    }
  });

  test('in the middle of a stream', async () => {
    const { id, model, created } = PLAIN;
    server.script = () => ({
      events: [
        { type: 'start', id, model, created },
        { type: 'text', text: 'Good' },
        { type: 'error', error: new AnnealError('gateway.upstream_failed', 'the answer broke off'), status: 502 },
      ],
    });
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const streams = [
      () => client.chat.completions.create({ model: 'm', messages, stream: true }),
      () => client.completions.create({ model: 'm', prompt: 'Hi', stream: true }),
      () => client.responses.create({ model: 'm', input: 'Hi', stream: true }),
    ];
    for (const ask of streams) {
      let seen = 0;
      const drain = async (): Promise<void> => {
        for await (const _ of await ask()) seen += 1;
      };
      await expect(drain()).rejects.toThrow('the answer broke off');
      expect(seen).toBeGreaterThan(0);
      expect(server.frames.join('')).not.toContain('[DONE]');
    }
  });
});
