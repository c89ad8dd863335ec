// What a rollout is told when it may not ask any more: by its budgets, or because it goes round in circles. No SDK asks again for it.
import { request as ask } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { type APIError } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentDoor, Grant } from '../../contracts/agent-ports.ts';
import type { CredentialClaims } from '../../contracts/trajectory.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { openDoor } from '../../infra/gateway-client/door.ts';
import { claims, POLICY, rollout, SECRET } from '../support/gateway.ts';
import { chunk, converse, type ScriptedProvider, sse, startScriptedProvider } from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();
let provider: ScriptedProvider;

beforeEach(async () => {
  provider = await startScriptedProvider();
  provider.script = converse;
  await on.gateway.close();
  const scripted = { kind: 'openai', url: provider.url, model: 'scripted' } as const;
  await on.open({ providers: new Map([[POLICY, scripted]]) });
});
afterEach(() => provider.close());

/** Every way in which an unchanged SDK asks, with the retries that it comes with. */
function ways(of: Partial<CredentialClaims>, stream = false) {
  const apiKey = mintCredential(claims(of), SECRET);
  const openai = new OpenAI({ apiKey, baseURL: `${on.gateway.url}/v1` });
  const anthropic = new Anthropic({ apiKey, baseURL: on.gateway.url });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  return {
    chat: () => openai.chat.completions.create({ model: 'm', messages, stream }),
    completions: () => openai.completions.create({ model: 'm', prompt: 'Hello', stream }),
    responses: () => openai.responses.create({ model: 'm', input: 'Hello', stream }),
    messages: () => anthropic.messages.create({ model: 'm', max_tokens: 4, messages, stream }),
  };
}
const NAMES = ['chat', 'completions', 'responses', 'messages'] as const;
const failure = async (work: () => PromiseLike<unknown>): Promise<APIError> => {
  try {
    await work();
  } catch (error) {
    return error as APIError;
  }
  throw new Error('it was answered');
};
const requests = () => on.metric('requests') as Promise<number>;

describe.each(NAMES)('%s', (name) => {
  test.each([false, true])('a spent budget, streaming: %s', async (stream) => {
    const of = { maxRequests: 1 };
    await ways(of).chat();
    const before = await requests();
    const error = await failure(ways(of, stream)[name]);
    // The request itself, and the two of counting.
    expect((await requests()) - before).toBe(2);
    expect([error.status, error.headers?.get('x-should-retry')]).toEqual([403, 'false']);
    const { error: inside, ...plain } = error.error as { code?: string; param?: string; error?: { details: object } };
    expect(inside?.details ?? { error_code: plain.code, error_param: plain.param }).toEqual({
      ...{ error_code: 'gateway.budget_exhausted', error_param: 'requests' },
    });
    const [, record] = await on.records();
    expect(record).toMatchObject({
      ...{ finish: 'error', error: 'gateway.budget_exhausted: all 1 requests of the rollout are used' },
      turn: { dialect: name, upstream: { end: 'unasked' } },
    });
    expect(provider.requests).toHaveLength(1);
  });
});

test('a refusal that is asked for again and again is recorded a few times only', async () => {
  const of = { maxRequests: 1 };
  await ways(of).chat();
  for (let again = 0; again < 9; again += 1) await failure(ways(of).messages);
  expect((await on.records()).map(({ id }) => id.split('/').at(-1))).toEqual(['c0', 'c1', 'c1.a1', 'c1.a2', 'c1.a3']);
});

describe('time', () => {
  test('that is over refuses what comes after, also after a restart', async () => {
    await ways({}).chat();
    // Counted from the first request on, whatever its credential said.
    const of = { maxSeconds: 0.001 };
    expect((await failure(ways(of).messages)).message).toContain('the 0.001 s of the rollout are over');
    await on.gateway.close();
    await on.open();
    expect((await failure(ways(of).responses)).status).toBe(403);
  });

  test.each([false, true])(
    'breaks off what is being answered, and the record says so; streaming: %s',
    async (stream) => {
      provider.script = () => ({ chunks: stream ? sse(chunk({ content: 'Good' })) : ['{'], ending: 'hang' });
      const apiKey = mintCredential(claims({ maxSeconds: 2 }), SECRET);
      const response = await fetch(`${on.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], stream }),
      });
      expect(response.status).toBe(stream ? 200 : 403);
      expect(await response.text()).toContain('gateway.budget_exhausted');
      const [record] = await on.records();
      expect(record).toMatchObject({ finish: 'aborted', turn: { upstream: { end: 'stopped' } } });
      expect(record!.text).toBe(stream ? 'Good' : '');
    },
  );
});

describe('an agent behind a door', () => {
  const GRANT: Grant = {
    ...{ rollout: rollout(0), policy: POLICY, attempt: 0, maxRequests: 9, maxTokens: 9, forMs: 60_000 },
    sampling: { temperature: 1, maxTokens: 9, seed: 1 },
  };
  const messages = [{ role: 'user', content: 'Hello' }];
  const ASKED = {
    chat: ['/v1/chat/completions', { messages }],
    completions: ['/v1/completions', { prompt: 'Hello' }],
    responses: ['/v1/responses', { input: 'Hello' }],
    messages: ['/v1/messages', { messages, max_tokens: 9 }],
  } as const;

  async function opened(of: Partial<CredentialClaims>): Promise<AgentDoor> {
    const door = await openDoor(on.gateway.url, mintCredential(claims(of), SECRET), GRANT);
    on.defer(() => door.close());
    return door;
  }
  function through({ socket, key }: AgentDoor, name: keyof typeof ASKED, stream = false): Promise<number> {
    const [path, body] = ASKED[name];
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const asked = ask({ socketPath: socket, path, method: 'POST', headers }, (answer) => {
        answer.on('end', () => resolve(answer.statusCode!)).on('error', reject);
        answer.resume();
      });
      asked.on('error', reject);
      asked.end(JSON.stringify({ model: 'm', stream, ...body }));
    });
  }

  describe.each(NAMES)('%s', (name) => {
    test.each([false, true])(
      'is known to be out of time, also in the middle of an answer; streaming: %s',
      async (stream) => {
        const good = chunk({ content: 'Good' }, { text: 'Good' });
        provider.script = () => ({ chunks: stream ? sse(good) : ['{'], ending: 'hang' });
        const door = await opened({ maxSeconds: 1 });
        expect(await through(door, name, stream)).toBe(stream ? 200 : 403);
        expect(door.report()).toMatchObject({ met: 'time', broken: undefined });
        expect(await through(door, name, stream)).toBe(403);
        expect(door.report()).toMatchObject({ met: 'time', broken: undefined, requests: 2 });
      },
    );

    test('or to have used up its requests or tokens', async () => {
      const door = await opened({ maxRequests: 1 });
      expect(await through(door, 'chat')).toBe(200);
      expect(door.report().met).toBeUndefined();
      expect(await through(door, name)).toBe(403);
      expect(door.report().met).toBe('requests');
      const other = await opened({ maxTokens: 5 });
      expect(await through(other, name)).toBe(403);
      expect(other.report().met).toBe('tokens');
    });
  });

  test('is not what it says to be', async () => {
    const said = '"code":"gateway.budget_exhausted","param":"time"';
    provider.script = () => ({
      chunks: [...sse(chunk({ content: said }), chunk({}, { finish_reason: 'stop' }), '[DONE]')],
    });
    const door = await opened({});
    for (const name of ['chat', 'responses', 'messages'] as const) expect(await through(door, name, true)).toBe(200);
    expect(door.report()).toMatchObject({ met: undefined, looping: false, requests: 3 });
  });
});

describe('a loop', () => {
  const call = (id: string, result: string) => [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'ls', arguments: '{"path":"/"}' } }],
    },
    { role: 'tool', tool_call_id: id, content: result },
  ];
  const send = (results: readonly string[], of: Partial<CredentialClaims> = {}, headers = {}) =>
    fetch(`${on.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}`, ...headers },
      body: JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: 'Look' }, ...results.flatMap((result, at) => call(`id-${at}`, result))],
      }),
    });
  const ask = async (...of: Parameters<typeof send>) => {
    const response = await send(...of);
    const { error } = (await response.json()) as { error?: { code: string; message: string } };
    return [response.status, error?.code];
  };

  test('is told in the record; waiting for what changes is none', async () => {
    expect(await ask(['empty', 'empty', 'empty', 'empty'])).toEqual([200, undefined]);
    expect(await ask(['1 %', '2 %', '3 %', '4 %', '5 %'])).toEqual([200, undefined]);
    const [looping, waiting] = await on.records();
    expect(looping!.turn!.loop).toEqual({ kind: 'call', period: 1, times: 4 });
    expect(waiting!.turn!.loop).toBeUndefined();
  });

  test('is told with the answer, and refused when it goes on, where the credential says warn', async () => {
    const of = { loops: 'warn' } as const;
    const same = (times: number) => Array<string>(times).fill('empty');
    expect((await send(same(3), of)).headers.get('x-anneal-loop')).toBeNull();
    const told = await send(same(4), of);
    expect([told.status, JSON.parse(told.headers.get('x-anneal-loop')!)]).toEqual([
      200,
      { kind: 'call', period: 1, times: 4 },
    ]);
    expect(await ask(same(5), of)).toEqual([200, undefined]);
    expect(await ask(same(6), of)).toEqual([403, 'gateway.loop']);
  });

  test('is known too where the agent itself tells its steps, of calls that stand in texts', async () => {
    const of = { loops: 'stop' } as const;
    const steps = (...told: string[]) => ({ 'x-anneal-steps': told.join(' ') });
    const [a, b] = ['0123456789abcdef', 'fedcba9876543210'];
    expect(await ask(['1'], of, steps(a, a, a))).toEqual([200, undefined]);
    expect(await ask(['1'], of, steps(b, a, a, a, a))).toEqual([403, 'gateway.loop']);
    expect(await ask(['1'], of, steps(a, b, a, b, a, b))).toEqual([403, 'gateway.loop']);
    // What it does not tell is seen all the same.
    expect(await ask(Array<string>(4).fill('empty'), of, steps(a, b))).toEqual([403, 'gateway.loop']);
    for (const wrong of ['', 'x', a.slice(0, 7), `${a}  ${b}`, Array(33).fill(a).join(' ')])
      expect([wrong, await ask(['1'], of, { 'x-anneal-steps': wrong })]).toEqual([wrong, [400, 'gateway.bad_request']]);
  });

  test('is refused where the credential says so, and on record', async () => {
    const of = { loops: 'stop' } as const;
    expect(await ask(['empty', 'empty', 'empty'], of)).toEqual([200, undefined]);
    expect(await ask(['empty', 'empty', 'empty', 'empty'], of)).toEqual([403, 'gateway.loop']);
    expect((await on.records())[1]).toMatchObject({
      error: 'gateway.loop: one step was repeated 4 times with the same result',
      turn: { upstream: { end: 'unasked' }, loop: { times: 4 } },
    });
    expect(provider.requests).toHaveLength(1);
  });
});
