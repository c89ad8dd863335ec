// Whatever an upstream does, the client gets its dialect's error, and the record says what it was.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DialectName } from '../../gateway/wire/dialects.ts';
import { DIALECTS } from '../../gateway/wire/dialects.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, rollout, SECRET } from '../support/gateway.ts';
import {
  chunk,
  type ProviderAnswer,
  type ScriptedProvider,
  sse,
  startScriptedProvider,
  whole,
} from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();
let provider: ScriptedProvider;

beforeEach(async () => {
  provider = await startScriptedProvider();
  await on.gateway.close();
  const scripted = { kind: 'openai', url: provider.url, model: 'scripted' } as const;
  await on.open({ providers: new Map([[POLICY, scripted]]), upstreamTimeoutMs: 1_500 });
});
afterEach(() => provider.close());

const messages = [{ role: 'user', content: 'Hello' }];
const BODIES: Readonly<Record<DialectName, object>> = {
  chat: { model: 'm', messages },
  completions: { model: 'm', prompt: 'Hello' },
  responses: { model: 'm', input: 'Hello' },
  messages: { model: 'm', max_tokens: 9, messages },
};
const NAMES = Object.keys(BODIES) as DialectName[];

async function ask(
  name: DialectName,
  stream: boolean,
): Promise<{ status: number; text: string; retry: string | null }> {
  const of = { rollout: rollout(NAMES.indexOf(name)) };
  const response = await fetch(on.gateway.url + DIALECTS[name].path, {
    method: 'POST',
    headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` },
    body: JSON.stringify({ ...BODIES[name], stream }),
  });
  return { status: response.status, text: await response.text(), retry: response.headers.get('x-should-retry') };
}
const isError = (name: DialectName, text: string): boolean => {
  const body = JSON.parse(text) as { type?: string; error?: { message?: string; type?: string; code?: string } };
  const { error } = body;
  const shape = typeof error?.message === 'string' && typeof error.type === 'string';
  return name === 'messages' ? shape && body.type === 'error' : shape && typeof error.code === 'string';
};
const said = { chunks: ['{"error":{"message":"scripted"}}'] };

/** What the server does; what a client that does not stream is told, and the record's class. */
const FAULTS: readonly (readonly [string, ProviderAnswer, number, string])[] = [
  ['429', { ...said, status: 429, headers: { 'retry-after': '7' } }, 429, 'refused'],
  ['500', { ...said, status: 500 }, 502, 'refused'],
  ['503 without JSON', { chunks: ['<html>'], status: 503 }, 503, 'refused'],
  ['529', { ...said, status: 529 }, 503, 'refused'],
  ['400', { ...said, status: 400 }, 400, 'refused'],
  ['a refused key', { ...said, status: 401 }, 502, 'refused'],
  ['no answer in time', { chunks: [], ending: 'hang' }, 504, 'late'],
  ['half of one in time', { chunks: ['{"id":'], ending: 'hang' }, 504, 'late'],
  ['nothing', { chunks: [] }, 502, 'empty'],
  ['malformed JSON', { chunks: ['{"choices":[{'] }, 502, 'malformed'],
  ['JSON of no known form', { chunks: ['[7]'] }, 502, 'malformed'],
  ['no choice', { chunks: [whole({}, {}, { choices: [] })] }, 502, 'malformed'],
  ['a broken connection', { chunks: ['{"id":"'], ending: 'cut' }, 502, 'broken'],
  ['an error that calls itself a success', said, 502, 'failed'],
];

describe.each(NAMES)('%s', (name) => {
  test.each(FAULTS)('plain: %s', async (_, answer, status, end) => {
    provider.script = () => answer;
    const told = await ask(name, false);
    expect([told.status, isError(name, told.text)]).toEqual([status, true]);
    const [record] = await on.records();
    expect(record).toMatchObject({
      finish: 'error',
      fidelity: 'text-only',
      turn: { dialect: name, upstream: { end } },
    });
    expect(record!.turn!.sent).toBeUndefined();
  });
});

describe('a stream', () => {
  const begun = sse(chunk({ role: 'assistant', content: '' }), chunk({ content: 'Good' }));
  const ended = sse(chunk({}, { finish_reason: 'stop' }));
  test.each([
    ['truncated', { chunks: begun }, 'truncated'],
    ['cut inside a frame', { chunks: [...begun, 'data: {"choi'] }, 'cut'],
    ['broken', { chunks: begun, ending: 'cut' }, 'broken'],
    ['that stops coming', { chunks: begun, ending: 'hang' }, 'late'],
    ['with a frame that is no JSON', { chunks: [...begun, 'data: {"choices"\n\n'] }, 'malformed'],
    ['with an error in it', { chunks: [...begun, ...sse({ error: { message: 'no memory', code: 500 } })] }, 'failed'],
    ['that ends without a reason', { chunks: [...begun, 'data: [DONE]\n\n'] }, 'malformed'],
  ] as const)(
    '%s: what came before reached the client, then the dialect’s error, and no sign of success',
    async (_, answer, end) => {
      provider.script = () => answer;
      for (const name of ['chat', 'responses', 'messages'] as const) {
        const { status, text } = await ask(name, true);
        expect(status).toBe(200);
        expect(text).toContain('Good');
        expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
        const last = /^data: (.*)$/m.exec(text.trim().split('\n\n').at(-1)!)![1]!;
        if (name === 'responses') expect(JSON.parse(last).type).toMatch(/error|response\.failed/);
        else expect(isError(name, last)).toBe(true);
      }
      const records = await on.records();
      expect(records.map((record) => [record.finish, record.text, record.turn!.upstream.end])).toEqual(
        Array(3).fill(['error', 'Good', end]),
      );
    },
  );

  test.each([
    ['429', { ...said, status: 429 }, 429, 'refused'],
    ['nothing in time', { chunks: [], ending: 'hang' }, 504, 'late'],
    ['nothing', { chunks: [] }, 502, 'empty'],
    ['an error first', { chunks: sse({ error: { message: 'too many', code: 429 } }) }, 429, 'failed'],
  ] as const)('%s before anything was said is told by the status', async (_, answer, status, end) => {
    provider.script = () => answer;
    for (const name of NAMES) {
      const told = await ask(name, true);
      expect([told.status, isError(name, told.text)]).toEqual([status, true]);
    }
    expect((await on.records()).map((record) => record.turn!.upstream.end)).toEqual(Array(4).fill(end));
  });

  test('without [DONE], but with a reason, is an answer', async () => {
    provider.script = () => ({ chunks: [...begun, ...ended] });
    expect((await ask('messages', true)).text).toContain('message_stop');
    expect((await on.records())[0]).toMatchObject({ finish: 'stop', turn: { upstream: { end: 'finished' } } });
  });
});

test('absurd usage numbers are none: the client gets its answer, the record says why it does not train', async () => {
  for (const usage of [{ prompt_tokens: -3, completion_tokens: 1e300 }, 'many', { prompt_tokens: 1.5 }]) {
    provider.script = () => ({ chunks: [whole({ content: 'Hi' }, {}, { usage })] });
    const told = await ask('messages', false);
    expect([told.status, JSON.parse(told.text).content[0].text]).toEqual([200, 'Hi']);
  }
  const records = await on.records();
  expect(records.map(({ fidelity, turn }) => [fidelity, turn!.answer.usage])).toEqual(
    Array(3).fill(['text-only', undefined]),
  );
});

test('an answer of 10 MB arrives whole, plain and streamed, and is on record', async () => {
  const long = 'x'.repeat(10 << 20);
  provider.script = ({ body }) =>
    body.stream === true
      ? { chunks: sse(chunk({ content: long }), chunk({}, { finish_reason: 'stop' }), '[DONE]') }
      : { chunks: [whole({ content: long })] };
  for (const stream of [false, true]) {
    const { status, text } = await ask('chat', stream);
    expect([status, text.includes(long)]).toEqual([200, true]);
  }
  expect((await on.records()).map(({ text }) => text.length)).toEqual([10 << 20, 10 << 20]);
});

test('a server that is gone is told, recorded, and the retry is the next attempt', async () => {
  await provider.close();
  const told = await ask('messages', false);
  expect([told.status, isError('messages', told.text), told.retry]).toEqual([502, true, 'true']);
  await ask('messages', true);
  expect((await on.records()).map(({ id, turn }) => [id.split('/').at(-1), turn!.upstream.end])).toEqual([
    ['c0', 'unreachable'],
    ['c0.a1', 'unreachable'],
  ]);
});

test('a client’s own mistakes are told in its dialect, all at once, and no server is asked', async () => {
  for (const name of NAMES) {
    const response = await fetch(on.gateway.url + DIALECTS[name].path, {
      method: 'POST',
      headers: { 'x-api-key': mintCredential(claims(), SECRET) },
      body: JSON.stringify({ ...BODIES[name], temperature: 9, top_p: 7 }),
    });
    const text = await response.text();
    expect([response.status, isError(name, text)]).toEqual([400, true]);
    expect(text).toMatch(/temperature.*top_p/);
  }
  expect(provider.requests).toEqual([]);
});
