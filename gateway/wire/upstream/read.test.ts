import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { DIALECTS, type Dialect, renderEvents } from '../dialects.ts';
import { createCollector } from '../events.ts';
import type { TurnEvent, TurnRequest } from '../turn.ts';
import { plainDelta } from './plain-delta.ts';
import { readUpstreamAnswer, readUpstreamStream, type StreamReport } from './read.ts';
import { createTurnReader } from './turn-reader.ts';

const options = { logprobs: false, id: 'chatcmpl-own', model: 'policy-1', created: 5 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* pieces(all: readonly Uint8Array[], broken?: Error): AsyncGenerator<Uint8Array> {
  yield* all;
  if (broken !== undefined) throw broken;
}

async function read(
  all: readonly Uint8Array[],
  more: { broken?: Error; limit?: number; logprobs?: boolean } = {},
): Promise<{ events: TurnEvent[]; report: StreamReport }> {
  const source = pieces(all, more.broken);
  const stream = readUpstreamStream(source, { ...options, logprobs: more.logprobs ?? false }, more.limit);
  const events: TurnEvent[] = [];
  for await (const event of stream.events) events.push(event);
  return { events, report: stream.report() };
}

const chunk = (delta: object, more: object = {}, above: object = {}): object => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 7, model: 'm' },
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
  ...above,
});
const named = (ids: readonly number[]): object => ({
  logprobs: {
    content: ids.map((id) => ({ token: `token_id:${id}`, logprob: -0.25 * id, bytes: null, top_logprobs: [] })),
  },
  token_ids: ids,
});
const sse = (...all: readonly (object | string)[]): string =>
  all.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`).join('');

/** As vLLM streams with tokens asked for. */
const VLLM = sse(
  chunk({ role: 'assistant', content: '' }, {}, { prompt_token_ids: [9, 8, 7] }),
  chunk({ reasoning: 'I think' }, named([1, 2])),
  chunk({ content: 'Grüße' }, named([3])),
  chunk(
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] },
    named([4]),
  ),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }, named([5])),
  chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }, named([6])),
  chunk({ tool_calls: [{ index: 1, id: 'call_2', function: { name: 'g', arguments: '{}' } }] }, named([7])),
  chunk({}, { finish_reason: 'tool_calls', stop_reason: null }),
  { ...chunk({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 } },
  '[DONE]',
);
const EVENTS: TurnEvent[] = [
  { type: 'start', id: 'chatcmpl-1', model: 'm', created: 7, inputTokens: 3 },
  { type: 'reasoning', text: 'I think' },
  { type: 'text', text: 'Grüße' },
  { type: 'call', index: 0, id: 'call_1', name: 'f' },
  { type: 'arguments', index: 0, text: '{"a"' },
  { type: 'arguments', index: 0, text: ':1}' },
  { type: 'call_end', index: 0 },
  { type: 'call', index: 1, id: 'call_2', name: 'g' },
  { type: 'arguments', index: 1, text: '{}' },
  { type: 'call_end', index: 1 },
  { type: 'finish', finish: 'tool_calls' },
  { type: 'usage', usage: { input: 3, output: 7 } },
];

it('reads the same events however the bytes are cut', async () => {
  const text = VLLM.replaceAll('\n\n', '\r\n\r\n').replace('data', ': keep-alive\r\n\r\ndata');
  const whole = bytes(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: whole.length }), { maxLength: 9 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const { events, report } = await read(
        places.slice(1).map((place, index) => whole.subarray(places[index], place)),
      );
      expect(events).toEqual(EVENTS);
      expect(report).toMatchObject({ end: 'done', comments: 1, bytes: whole.length });
    }),
    { numRuns: 100 },
  );
});

test('tokens are gathered apart; the client sees nothing of them, in no dialect', async () => {
  const { events, report } = await read([bytes(VLLM)]);
  expect(report.tokens).toEqual({
    promptIds: [9, 8, 7],
    completionIds: [1, 2, 3, 4, 5, 6, 7],
    logprobs: [-0.25, -0.5, -0.75, -1, -1.25, -1.5, -1.75],
  });
  const request: TurnRequest = { model: 'm', messages: [], sampling: {}, stream: true, dropped: [] };
  for (const dialect of Object.values<Dialect>(DIALECTS)) {
    let sent = '';
    for await (const frame of renderEvents(dialect, events, request)) sent += frame;
    expect(sent).not.toMatch(/token_id|-0\.25|prompt_token_ids/);
  }
});

test('a client that asked for log-probabilities gets them', async () => {
  const logprobs = {
    content: [{ token: 'Hi', logprob: -0.5, bytes: [72, 105], top_logprobs: [{ token: 'Ho', logprob: -2 }] }],
  };
  const text = sse(chunk({ content: 'Hi' }, { logprobs }), chunk({}, { finish_reason: 'stop' }), '[DONE]');
  const { events } = await read([bytes(text)], { logprobs: true });
  const top = [{ token: 'Ho', logprob: -2, top: [] }];
  expect(events[1]).toEqual({
    ...{ type: 'text', text: 'Hi' },
    logprobs: [{ token: 'Hi', logprob: -0.5, bytes: [72, 105], top }],
  });
});

describe('how a stream ends', () => {
  const begun = sse(chunk({ content: 'Hi' }));
  const ended = sse(chunk({}, { finish_reason: 'stop' }));
  const last = async (text: string, more = {}): Promise<readonly [string, TurnEvent | undefined]> => {
    const { events, report } = await read([bytes(text)], more);
    return [report.end, events.at(-1)];
  };
  const failure = (message: string) => ({
    type: 'error',
    status: 502,
    error: { code: 'gateway.upstream_failed', message },
  });

  test.each([
    ['done', `${begun}${ended}data: [DONE]\n\n`, { type: 'finish', finish: 'stop' }],
    ['finished', `${begun}${ended}`, { type: 'finish', finish: 'stop' }],
    ['truncated', begun, failure('the answer broke off')],
    ['truncated', '', failure('the answer broke off')],
    ['cut', begun.slice(0, -20), failure('the answer broke off')],
    ['cut', `${begun}${begun.slice(0, 9)}`, failure('the answer broke off')],
    ['malformed', `${begun}data: {"choices": [\n\n`, failure('the server sent an event that is no JSON')],
    ['malformed', `${begun}data: {"choices": 7}\n\n`, { type: 'error' }],
    ['malformed', `${begun}data: [DONE]\n\n`, failure('the server ended its answer without a reason')],
    ['malformed', `${begun}${sse(chunk({}, { finish_reason: 'abort' }))}`, failure('the server gave up: abort')],
    ['failed', `${begun}${sse({ error: { message: 'no memory', code: 500 } })}`, { type: 'error', status: 502 }],
    ['failed', sse({ error: { message: 'too many', code: 429 } }), { type: 'error', status: 429 }],
  ] as const)('%s', async (end, text, event) => {
    const [how, lastEvent] = await last(text);
    expect(how).toBe(end);
    expect(lastEvent).toMatchObject(event);
  });

  test('broken and oversized', async () => {
    expect(await last(begun, { broken: new Error('ECONNRESET') })).toMatchObject([
      'broken',
      failure('the connection to the server broke: ECONNRESET'),
    ]);
    expect(await last(`data: ${'x'.repeat(9_000)}`, { limit: 4_096 })).toMatchObject(['oversized', { type: 'error' }]);
    const [how] = await last(Array.from({ length: 99 }, () => begun).join(''), { limit: 4_096 });
    expect(how).toBe('oversized');
  });
});

test('a usage that cannot be is none', async () => {
  for (const usage of [
    { prompt_tokens: -1, completion_tokens: 2 },
    { prompt_tokens: 1e300, completion_tokens: 1 },
    'many',
  ]) {
    const text = sse(chunk({ content: 'Hi' }), { ...chunk({}, { finish_reason: 'stop' }), usage }, '[DONE]');
    const { events, report } = await read([bytes(text)]);
    expect(report).toMatchObject({ end: 'done', absurdUsage: true });
    expect(events.at(-1)).toEqual({ type: 'finish', finish: 'stop' });
  }
});

test('calls of servers that number none, number all alike, or name none', async () => {
  const calls = [
    { index: 0, id: 'x', function: { name: 'f', arguments: '{}' } },
    { index: 0, id: 'y', function: { name: 'f', arguments: '{}' } },
    { function: { name: 'g', arguments: '{}' } },
  ];
  const text = sse(...calls.map((one) => chunk({ tool_calls: [one] })), chunk({}, { finish_reason: 'stop' }), '[DONE]');
  const collector = createCollector();
  for (const event of (await read([bytes(text)])).events) collector.push(event);
  const { content } = collector.answer();
  expect(content.slice(0, 2)).toMatchObject([{ id: 'x' }, { id: 'y' }]);
  const late = sse(
    chunk({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 1, id: 'y', function: { name: 'f', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
  );
  expect((await read([bytes(late)])).events.at(-1)).toMatchObject({ type: 'error' });
});

describe('whole answers', () => {
  const base = { id: 'chatcmpl-2', object: 'chat.completion', created: 7, model: 'm' };
  const message = {
    ...{ role: 'assistant', content: 'Hi', reasoning_content: 'hm' },
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
      { id: 'b', type: 'function', function: { name: 'f', arguments: { city: 'Graz' } } },
    ],
  };
  const usage = { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 };
  const whole = (choice: object, above: object = {}) =>
    readUpstreamAnswer(
      200,
      { ...base, choices: [{ index: 0, message, finish_reason: 'stop', ...choice }], usage, ...above },
      options,
    );

  test('the tokens of every kind of server', () => {
    const entries = (name: (id: number) => object): object => ({
      logprobs: { content: [5, 6].map((id) => ({ token: 'x', logprob: -1, top_logprobs: [], ...name(id) })) },
    });
    const tokens = (read: ReturnType<typeof whole>) => (read.ok ? read.tokens : read.failure);
    const exact = { promptIds: [1, 2], completionIds: [5, 6], logprobs: [-1, -1] };
    const vllm = { ...entries((id) => ({ token: `token_id:${id}` })), token_ids: [5, 6] };
    expect(tokens(whole(vllm, { prompt_token_ids: [1, 2] }))).toEqual(exact);
    const sglext = { input_ids: [1, 2], output_ids: [[5, 6]] };
    expect(
      tokens(
        whole(
          entries(() => ({})),
          { sglext },
        ),
      ),
    ).toEqual(exact);
    const meta_info = {
      output_token_logprobs: [
        [-1, 5, 'a'],
        [-1, 6, null],
      ],
    };
    expect(tokens(whole({ ...entries(() => ({})), meta_info, prompt_token_ids: [1, 2], token_ids: [5, 6] }))).toEqual(
      exact,
    );
    const { promptIds: _, ...own } = exact;
    expect(tokens(whole(entries((id) => ({ id, logprob: undefined, prob: Math.exp(-1) }))))).toEqual(own);
    expect(tokens(whole({}))).toMatchObject({ inexact: 'the server gave no token ids' });
  });

  test('tokens that do not agree are not believed, and it is said why', () => {
    const doubt = (choice: object, above: object = {}): unknown => {
      const read = whole(choice, above);
      return read.ok ? read.tokens.inexact : undefined;
    };
    const content = [5, 6].map((id) => ({ token: 'x', id, logprob: -1 }));
    expect(doubt({ logprobs: { content }, token_ids: [5, 7] })).toMatch('different ids');
    expect(doubt({ logprobs: { content }, token_ids: [5] })).toMatch('1 token ids, but 2 log-probabilities');
    expect(doubt({ token_ids: [5, 6] })).toMatch('no log-probabilities');
    expect(doubt({ logprobs: { content: content.slice(1) } })).toMatch('2 tokens in the usage');
    expect(doubt({ logprobs: { content: content.map((one) => ({ ...one, logprob: -9999 })) } })).toMatch(
      'no probability',
    );
    expect(doubt({ logprobs: { content } }, { prompt_token_ids: [1] })).toMatch('of the prompt');
    expect(doubt({ logprobs: { content } })).toBeUndefined();
  });

  test('content, and servers that send arguments as an object', () => {
    const read = whole({});
    expect(read.ok && read.answer).toEqual({
      ...{ id: 'chatcmpl-2', model: 'm', created: 7, finish: 'stop', usage: { input: 2, output: 2 } },
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'Hi' },
        { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
        { type: 'tool_call', id: 'b', name: 'f', arguments: '{"city":"Graz"}' },
      ],
    });
  });

  test.each([
    [400, { error: { message: 'too long' } }, 'gateway.bad_request', 400],
    [401, { message: 'no key' }, 'policy.unauthorised', 502],
    [404, { detail: 'no model' }, 'gateway.bad_request', 400],
    [413, undefined, 'gateway.bad_request', 413],
    [429, { error: 'slowly' }, 'gateway.overloaded', 429],
    [500, 'oops', 'gateway.upstream_failed', 502],
    [503, {}, 'gateway.overloaded', 503],
    [504, {}, 'gateway.upstream_failed', 504],
    [200, undefined, 'gateway.upstream_failed', 502],
    [200, {}, 'gateway.upstream_failed', 502],
    [200, { choices: [] }, 'gateway.upstream_failed', 502],
    [200, { choices: 'x' }, 'gateway.upstream_failed', 502],
    [200, { error: { message: 'in disguise', code: '400' } }, 'gateway.bad_request', 400],
  ] as const)('%i %j', (status, body, code, told) => {
    const read = readUpstreamAnswer(status, body, options);
    expect(read.ok ? undefined : read.failure).toMatchObject({ type: 'error', status: told, error: { code } });
  });

  it('never throws, whatever a server answers', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.jsonValue({ maxDepth: 3 }), (junk, more) => {
        const choice = { index: 0, message: junk, delta: more, finish_reason: 'stop', logprobs: junk, token_ids: more };
        readUpstreamAnswer(200, junk, options);
        readUpstreamAnswer(200, { ...base, choices: [choice], usage: junk, sglext: junk, meta_info: more }, options);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('text read the short way is text read by the schema, and nothing else is', () => {
  const mostly = <T>(usual: T, ...other: T[]) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, fc.constantFrom(...other));
  const members = fc.record(
    {
      ...{ content: mostly<unknown>('Hi', '', null, 7), refusal: mostly<unknown>(null, 'no') },
      ...{ reasoning: mostly<unknown>(null, 'hm'), tool_calls: mostly<unknown>(null, [], [{}]) },
    },
    { requiredKeys: [] },
  );
  const choices = fc.record(
    {
      ...{
        index: mostly<unknown>(0, 1, null),
        delta: fc.option(members, { freq: 9 }),
        text: mostly<unknown>(null, 'Ho'),
      },
      ...{ finish_reason: mostly<unknown>(null, 'stop'), token_ids: mostly<unknown>(null, [3]) },
      ...{
        message: mostly<unknown>(null, { content: 'whole' }),
        logprobs: mostly<unknown>(null, {}),
      },
    },
    { requiredKeys: [] },
  );
  const chunks = fc.record(
    {
      ...{ choices: fc.array(choices, { minLength: 1, maxLength: 2 }), usage: mostly<unknown>(null, {}) },
      error: mostly<unknown>(null, 'broken'),
    },
    { requiredKeys: [] },
  );
  const begun = chunk({ role: 'assistant', content: '' });
  let plain = 0;
  fc.assert(
    fc.property(chunks, (value) => {
      const text = plainDelta(value);
      if (text === undefined) return;
      plain += 1;
      const reader = createTurnReader(options);
      reader.chunk(begun);
      // A member that the short way looks for and the schema does not mind sends it the long way.
      expect(reader.chunk({ ...value, choices: [{ ...value.choices![0], token_ids: [] }] })).toEqual([
        { type: 'text', text },
      ]);
    }),
    { numRuns: 5_000 },
  );
  expect(plain).toBeGreaterThan(20);
});
