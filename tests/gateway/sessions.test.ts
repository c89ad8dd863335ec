// Whose requests these are within a rollout, and what an agent registers of its context.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContextOperation } from '../../contracts/session.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { historyOf } from '../../policies/history.ts';
import { claims, POLICY, rollout, SECRET } from '../support/gateway.ts';
import { converse, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts';
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

const mint = (of: Parameters<typeof claims>[0] = {}): string => mintCredential(claims(of), SECRET);
const chat = (path: string, headers: Record<string, string> = {}) =>
  fetch(on.gateway.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
  });
const sessions = async () => (await on.records()).map((record) => record.turn!.session);

describe('a request', () => {
  test('is of an attempt and a sub-agent by its base URL, which is all that unchanged SDKs are told', async () => {
    const base = `${on.gateway.url}/r/${mint()}/t/2/a/searcher`;
    const openai = new OpenAI({ apiKey: 'none', baseURL: `${base}/v1` });
    await openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
    const anthropic = new Anthropic({ apiKey: 'none', baseURL: base });
    await anthropic.messages.create({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] });
    expect(await sessions()).toEqual(Array(2).fill({ group: 0, attempt: 2, agent: 'searcher' }));
  });

  test('or by its headers; the URL goes before them, and the credential’s attempt before both', async () => {
    const authorization = `Bearer ${mint()}`;
    await chat('/v1/chat/completions', { authorization });
    await chat('/v1/chat/completions', { authorization, 'x-anneal-agent': 'one', 'x-anneal-attempt': '1' });
    await chat('/a/two/v1/chat/completions', { authorization, 'x-anneal-agent': 'one' });
    const own = `Bearer ${mint({ attempt: 7 })}`;
    await chat('/t/1/v1/chat/completions', { authorization: own });
    expect(await sessions()).toEqual([
      { group: 0, attempt: 0 },
      { group: 0, attempt: 1, agent: 'one' },
      { group: 0, attempt: 0, agent: 'two' },
      { group: 0, attempt: 7 },
    ]);
  });

  test('with a name that is none is refused', async () => {
    const authorization = `Bearer ${mint()}`;
    for (const path of ['/a/%2Fetc/', '/a/.hidden/', `/a/${'x'.repeat(65)}/`, '/t/-1/', '/t/x/', '/t/10000/']) {
      const told = await chat(`${path}v1/chat/completions`, { authorization });
      expect([path, told.status]).toEqual([path, 400]);
    }
    expect(await on.records()).toEqual([]);
  });

  test('of many at a time has an index of its own, on its own line', async () => {
    const authorization = `Bearer ${mint()}`;
    const names = Array.from({ length: 40 }, (_, at) => `agent-${at % 4}`);
    await Promise.all(names.map((name) => chat(`/a/${name}/v1/chat/completions`, { authorization })));
    const records = await on.records();
    expect(records.map(({ index }) => index)).toEqual(names.map((_, at) => at));
    expect(records.map(({ turn }) => turn!.session!.agent).sort()).toEqual(names.sort());
  });
});

describe('the context API', () => {
  const post = async (body: unknown, path = '/v1', headers: Record<string, string> = {}) => {
    const response = await fetch(`${on.gateway.url}${path}/anneal/context`, {
      method: 'POST',
      headers: { authorization: `Bearer ${mint()}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as ContextOperation & { created?: boolean } };
  };
  const list = async (of: Parameters<typeof claims>[0] = {}) => {
    const headers = { authorization: `Bearer ${mint(of)}` };
    const text = await fetch(`${on.gateway.url}/v1/anneal/context`, { headers }).then((response) => response.text());
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ContextOperation);
  };

  test('registers what was done, once for each key, and keeps it', async () => {
    const id = (await chat('/v1/chat/completions', { authorization: `Bearer ${mint()}` })).headers.get(
      'x-anneal-completion',
    );
    const operation = { key: 'k1', kind: 'summarise', completions: [id], note: 'what was found' };
    const [one, two] = await Promise.all([post(operation), post(operation)]);
    expect([one.status, two.status].sort()).toEqual([200, 201]);
    expect(one.body.id).toBe(two.body.id);
    expect((await post({ ...operation, kind: 'truncate' })).status).toBe(409);
    expect((await post({ key: 'k2', kind: 'sub-agent-start', child: 'searcher' }, '/a/lead/v1')).status).toBe(201);
    const kept = await list();
    expect(kept).toMatchObject([
      { id: `${rollout(0)}/o0`, ...operation, next: 1, session: { group: 0, attempt: 0 } },
      { id: `${rollout(0)}/o1`, key: 'k2', child: 'searcher', session: { agent: 'lead' } },
    ]);
    await on.gateway.close();
    await on.open();
    expect(await list()).toEqual(kept);
    expect(await list({ rollout: rollout(1) })).toEqual([]);
    expect((await post({ ...operation })).status).toBe(200);
    expect((await post({ key: 'k3', kind: 'note' })).body.id).toBe(`${rollout(0)}/o2`);
    expect(await on.metric('operations')).toBe(3);
  });

  test('refuses what is not the rollout’s own, unknown, or too much', async () => {
    const of = (more: object) => ({ key: 'k', kind: 'truncate', ...more });
    const wrong = [
      of({ completions: [`${rollout(1)}/c0`] }),
      of({ completions: [`${rollout(0)}/c0`] }),
      of({ completions: [`${rollout(0)}/../s1/c0`] }),
      of({ completions: Array(257).fill('x') }),
      of({ kind: 'forget' }),
      of({ kind: 'sub-agent-end' }),
      of({ child: 'x' }),
      of({ key: 'a b' }),
      of({ key: '' }),
      of({ note: 'x'.repeat(5_000) }),
      '{',
      '[]',
    ];
    for (const body of wrong) expect([(await post(body)).status, body]).toEqual([400, body]);
    expect((await post(of({ note: 'x'.repeat(300_000) }))).status).toBe(400);
    for (const authorization of ['', 'Bearer anr_x', `Bearer ${mint({ scope: 'pool' })}`]) {
      expect((await post(of({}), '/v1', { authorization })).status).toBe(401);
    }
    expect(await list()).toEqual([]);
  });

  test('takes so many of a rollout, or as many as its credential says, and those that are there once more', async () => {
    const told = async (key: string, maxOperations: number): Promise<unknown[]> => {
      const response = await fetch(`${on.gateway.url}/v1/anneal/context`, {
        method: 'POST',
        headers: { authorization: `Bearer ${mint({ maxOperations })}` },
        body: JSON.stringify({ key, kind: 'note' }),
      });
      const { error } = (await response.json()) as { error?: { code: string } };
      return [response.status, error?.code];
    };
    expect(await told('k1', 2)).toEqual([201, undefined]);
    expect(await told('k2', 2)).toEqual([201, undefined]);
    expect(await told('k3', 2)).toEqual([403, 'gateway.budget_exhausted']);
    expect(await told('k1', 2)).toEqual([200, undefined]);
    expect(await told('k3', 3)).toEqual([201, undefined]);
  });

  test('explains to merging why a line broke', async () => {
    const text = (content: string) => ({ role: 'user', content });
    const ask = (messages: object[]) =>
      fetch(`${on.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${mint()}` },
        body: JSON.stringify({ model: 'm', messages }),
      });
    await ask([text('a')]);
    await post({ key: 'k', kind: 'truncate' });
    await ask([text('b')]);
    const records = (await on.records()).map((record, at) => ({ ...record, promptIds: [at, 1], completionIds: [2] }));
    const operations = await list();
    expect(historyOf(records, operations).classified).toMatchObject([
      { kind: 'root' },
      { kind: 'break', reason: 'compaction', evidence: 'registered' },
    ]);
    expect(historyOf(records, []).classified[1]).toMatchObject({ reason: 'sub-agent', evidence: 'seen' });
  });

  test('is read by whoever may read the pool, and by nobody else', async () => {
    await post({ key: 'k', kind: 'note' });
    const read = (of: Parameters<typeof claims>[0], prefix: string) =>
      fetch(`${on.gateway.url}/pool/operations?prefix=${prefix}`, {
        headers: { authorization: `Bearer ${mint(of)}` },
      });
    const text = await (await read({ scope: 'pool' }, 'demo/')).text();
    expect(JSON.parse(text)).toMatchObject({ key: 'k', kind: 'note' });
    expect((await read({}, 'demo/')).status).toBe(401);
    expect((await read({ scope: 'pool' }, 'other/')).status).toBe(401);
  });
});
