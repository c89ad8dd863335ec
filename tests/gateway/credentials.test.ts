// Who may ask, for what, and how much.
import { expect, test } from 'vitest';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { chat, claims, type DEMO, SECRET } from '../support/gateway.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();

test('forged, altered, expired, absent and foreign ones are refused', async () => {
  const good = mintCredential(claims(), SECRET);
  const [payload, mac] = good.slice(4).split('.') as [string, string];
  const richer = Buffer.from(JSON.stringify({ ...claims(), maxRequests: 99 })).toString('base64url');
  const bad = [
    '',
    'anr_',
    payload,
    `anr_${payload}`,
    `anr_${payload}.`,
    `anr_${payload}.${'A'.repeat(43)}`,
    `anr_${richer}.${mac}`,
    `anr_${payload}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`,
    mintCredential(claims(), Buffer.from('another secret of some length')),
    mintCredential(claims({ expires: Math.floor(Date.now() / 1000) - 1 }), SECRET),
    mintCredential(claims({ scope: 'pool' }), SECRET),
    mintCredential(claims({ policy: undefined }), SECRET),
    mintCredential({ ...claims(), campaign: 'other' as typeof DEMO }, SECRET),
    mintCredential({ ...claims(), v: 2 } as unknown as ReturnType<typeof claims>, SECRET),
  ];
  for (const token of bad) {
    const reply = await chat(on.gateway.url, { token });
    expect([reply.status, reply.body.error?.code], token).toEqual([401, 'gateway.unauthorised']);
  }
  expect(on.upstream.seen).toEqual({});
  expect((await chat(on.gateway.url, { token: good })).status).toBe(200);
});

test('open one policy only', async () => {
  const reply = await chat(on.gateway.url, { body: { model: 'demo.v1' } });
  expect(reply.body.error?.code).toBe('gateway.unauthorised');
  const list = async (of: Parameters<typeof claims>[0]) =>
    (await fetch(`${on.gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` },
    }).then((response) => response.json())) as { data: { id: string }[] };
  expect((await list({})).data.map((model) => model.id)).toEqual(['demo.v0']);
  expect((await list({ scope: 'pool' })).data.map((model) => model.id)).toEqual(['demo.v0']);
});

test('a budget of requests ends them; repeats are free', async () => {
  const of = { maxRequests: 2 };
  expect((await chat(on.gateway.url, { of, index: 0 })).status).toBe(200);
  expect((await chat(on.gateway.url, { of, index: 1 })).status).toBe(200);
  expect((await chat(on.gateway.url, { of, index: 2 })).body.error?.code).toBe('gateway.budget_exhausted');
  expect((await chat(on.gateway.url, { of, index: 1 })).status).toBe(200);
  expect(on.upstream.bodies.length).toBe(2);
});

test('a budget of tokens is never passed, not even by requests at the same time', async () => {
  const of = { maxTokens: 100 };
  const replies = await Promise.all(
    [0, 1, 2].map((index) => chat(on.gateway.url, { of, index, body: { max_tokens: 40 } })),
  );
  expect(replies.map((reply) => reply.status).sort()).toEqual([200, 200, 403]);
  // 24 are used: what was reserved and not used is there again.
  expect((await chat(on.gateway.url, { of, index: 3, body: { max_tokens: 76 } })).status).toBe(200);
  expect((await chat(on.gateway.url, { of, index: 4, body: { max_tokens: 76 } })).status).toBe(403);
});
