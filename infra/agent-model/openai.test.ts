// A model's server at its worst: each way of failing is an answer that says which, in bounded time and memory, and nobody else is asked.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type ReaderReply, type ScriptedReader, startScriptedReader } from '../../tests/support/scripted-reader.ts';
import { MOST_BYTES } from './bounded-fetch.ts';
import { openAgentModel } from './open.ts';
import { createOpenAiModel } from './openai.ts';

let reader: ScriptedReader | undefined;
let canary: Server | undefined;
let hits = 0;
afterEach(async () => {
  await reader?.close();
  await new Promise((resolve) => (canary === undefined ? resolve(undefined) : canary.close(resolve)));
  reader = canary = undefined;
  hits = 0;
});

const QUESTION = { system: 's', user: 'u', schema: { type: 'object' as const }, maxTokens: 9 };
const never = new AbortController().signal;

async function ask(replies: ReaderReply | readonly ReaderReply[], signal = never, timeoutMs = 2_000) {
  const all: readonly ReaderReply[] = Array.isArray(replies) ? replies : [replies];
  let turn = 0;
  reader = await startScriptedReader(() => all[Math.min(turn++, all.length - 1)]!);
  const model = createOpenAiModel({
    baseUrl: `${reader.url}/`,
    model: 'scripted-1',
    apiKey: 'k',
    pauseMs: 1,
    timeoutMs,
  });
  const began = Date.now();
  const answer = await model.ask(QUESTION, signal);
  return { answer, asked: reader.asked, milliseconds: Date.now() - began };
}
/** What is no answer at all. */
const raw = (work: (response: ServerResponse) => void): ReaderReply => work;

const failed = (why: string) => ({ how: 'failed', why });
const message = (more: object, finish: string | null = 'stop') => ({ message: { role: 'assistant', ...more }, finish });

test('is asked for a form, without tools, with this key and nothing of the environment', async () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    OPENAI_CUSTOM_HEADERS: 'x-leak: yes',
    OPENAI_ORG_ID: 'org',
    OPENAI_BASE_URL: 'http://x',
  });
  try {
    const { answer, asked } = await ask('{"a":1}');
    expect(answer).toEqual({ how: 'answered', text: '{"a":1}', model: 'scripted-reader' });
    expect(asked).toHaveLength(1);
    const { path, headers, body } = asked[0]!;
    expect(path).toBe('/v1/chat/completions');
    expect(headers).toMatchObject({ authorization: 'Bearer k' });
    const names = Object.keys(headers).filter((name) => /^(x-|openai-)/.test(name));
    expect(names).toEqual([]);
    expect(body).toMatchObject({ temperature: 0, response_format: { json_schema: { schema: { type: 'object' } } } });
    expect(body).not.toHaveProperty('tools');
  } finally {
    process.env = before;
  }
});

test('without a key it sends none', async () => {
  reader = await startScriptedReader(() => '{}');
  await createOpenAiModel({ baseUrl: reader.url, model: 'm' }).ask(QUESTION, never);
  expect(reader.asked[0]!.headers).not.toHaveProperty('authorization');
});

describe('fails by saying why', () => {
  test.each<[string, ReaderReply, string]>([
    ['an empty answer', message({ content: '' }), 'empty'],
    ['white space', message({ content: ' \n ' }), 'empty'],
    ['no text at all', message({ content: null }), 'empty'],
    ['a refusal', message({ content: null, refusal: 'no' }), 'refused'],
    ['a filter', message({ content: '' }, 'content_filter'), 'refused'],
    ['a cut answer', message({ content: '{"hyp' }, 'length'), 'cut'],
    ['a call of a tool', message({ content: null, tool_calls: [{ id: 'a' }] }, 'tool_calls'), 'tool-call'],
    ['a call of a function', message({ content: '{}', function_call: { name: 'run' } }), 'tool-call'],
    ['words', { status: 200, body: 'hello' }, 'no-completion'],
    ['no choice', { status: 200, body: '{"choices":[]}' }, 'no-completion'],
    [
      'a stream',
      { status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'data: {}\n\n' },
      'no-completion',
    ],
    ['nothing', { status: 200, body: '' }, 'no-completion'],
    ['too many requests', { status: 429, headers: { 'retry-after': '86400' } }, 'busy'],
    ['a failing server', { status: 503, body: 'x' }, 'server-error'],
    ['a wrong key', { status: 401, body: '{"error":{"message":"no"}}' }, 'rejected'],
    ['a closed connection', raw((response) => response.socket!.destroy()), 'unreachable'],
    [
      'an answer that breaks off',
      raw((response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"choices"', () => response.socket!.destroy());
      }),
      'unreachable',
    ],
    ['a huge answer', message({ content: 'x'.repeat(MOST_BYTES) }), 'too-long'],
    ['an answer without an end', raw((response) => flood(response, 64 * 1024)), 'too-long'],
    ['an answer that drips', raw((response) => drip(response)), 'late'],
    ['silence', raw(() => undefined), 'late'],
  ])('%s', async (_, reply, why) => {
    const { answer, asked, milliseconds } = await ask(reply);
    expect(answer).toEqual(failed(why));
    expect(milliseconds).toBeLessThan(10_000);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  test('nobody there', async () => {
    const model = createOpenAiModel({ baseUrl: 'http://127.0.0.1:9/v1', model: 'm', pauseMs: 1 });
    expect(await model.ask(QUESTION, never)).toEqual(failed('unreachable'));
  });

  test('stopped while it waits', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const { answer, milliseconds } = await ask(
      raw(() => undefined),
      stop.signal,
      60_000,
    );
    expect(answer).toEqual(failed('interrupted'));
    expect(milliseconds).toBeLessThan(10_000);
  });
});

test('what passes is tried once more, what a server does not know is left out', async () => {
  const twice = await ask([{ status: 503 }, '{}']);
  expect(twice.answer).toMatchObject({ how: 'answered' });
  await reader!.close();
  const plain = await ask([{ status: 400, body: '{}' }, '{}']);
  expect(plain.answer).toMatchObject({ how: 'answered' });
  expect(Object.keys(plain.asked[1]!.body)).toEqual(['model', 'messages']);
});

test.each([301, 302, 303, 307, 308])('a %i to another address is not followed', async (status) => {
  canary = createServer((_, response) => {
    hits += 1;
    response.end();
  });
  await new Promise<void>((resolve) => canary!.listen(0, '127.0.0.1', resolve));
  const location = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/v1/chat/completions`;
  const { answer, asked } = await ask({ status, headers: { location } });
  expect(answer).toEqual(failed('redirected'));
  expect([hits, asked.length]).toEqual([0, 1]);
});

test.each([
  ['file:///etc/passwd', /no http or https URL/],
  ['model', /no http or https URL/],
  ['http://user:word@localhost/v1', /has a password in it/],
  ['http://localhost/v1?key=1', /query or a fragment/],
])('%s is no address of a model', (url, why) => {
  expect(() => openAgentModel({ url, name: 'm', keyFile: undefined })).toThrow(why);
});

function flood(response: ServerResponse, bytes: number): void {
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed) response.write(' '.repeat(bytes), () => setImmediate(more));
  };
  more();
}

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}
