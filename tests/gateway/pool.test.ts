import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RolloutId } from '../../contracts/ids.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { diskIo } from '../../gateway/segments/log.ts';
import { createGatewayClient, createPolicyHost } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { chat, claims, DEMO, POLICY, rollout, SECRET, temporaryFolder, trajectoryOf } from '../support/gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

let stack: AsyncDisposableStack;
let upstream: ScriptedUpstream;
let gateway: Gateway;
let client: ModelGateway;
let dir: string;

async function open(options: Partial<GatewayOptions> = {}): Promise<void> {
  const made = await createGateway({
    dir,
    controlUrl: upstream.url,
    secret: SECRET,
    port: 0,
    log: () => undefined,
    ...options,
  });
  stack.defer(() => made.close());
  gateway = made;
  client = createGatewayClient({ url: made.url, secret: SECRET });
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = stack.use(await temporaryFolder()).path;
  upstream = await startScriptedUpstream();
  stack.defer(() => upstream.close());
  await open();
});
afterEach(() => stack.disposeAsync());

const request = (id: RolloutId, more = {}) => ({
  rollout: id,
  index: 0,
  policy: POLICY,
  messages: [{ role: 'user' as const, content: 'hello' }],
  temperature: 1,
  maxTokens: 32,
  seed: 5,
  timeoutMs: 5_000,
  ...more,
});
/** Patient: the machine may be busy. */
const soon = { timeout: 15_000 };
const idle = (): AbortSignal => new AbortController().signal;

describe('trajectories', () => {
  test('are written once: the same again is fine, another is a conflict, also at once and after a restart', async () => {
    const record = trajectoryOf(rollout(0));
    const reordered = Object.fromEntries(Object.entries(record).reverse()) as typeof record;
    await Promise.all([
      client.recordTrajectory(record),
      client.recordTrajectory(reordered),
      client.recordTrajectory(record),
    ]);
    const other = trajectoryOf(rollout(0), { outcome: 'success' });
    await expect(client.recordTrajectory(other)).rejects.toMatchObject({ code: 'gateway.conflict' });
    await gateway.close();
    await open();
    await client.recordTrajectory(record);
    await expect(client.recordTrajectory(other)).rejects.toMatchObject({ code: 'gateway.conflict' });
    expect(await client.trajectories('demo/')).toEqual([record]);
  });

  test('two different ones at once: one wins, the other is told', async () => {
    const results = await Promise.allSettled([
      client.recordTrajectory(trajectoryOf(rollout(0))),
      client.recordTrajectory(trajectoryOf(rollout(0), { outcome: 'success' })),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('are read by prefix, sorted by id', async () => {
    const ids = [rollout(10), rollout(2, 10), rollout(2), rollout(1), rollout(1, 2)];
    for (const id of ids) await client.recordTrajectory(trajectoryOf(id));
    const read = async (prefix: string) => (await client.trajectories(prefix)).map((one) => one.rollout);
    expect(await read('demo/')).toEqual([...ids].sort());
    expect(await read('demo/r1')).toEqual([rollout(1), rollout(10), rollout(2), rollout(2, 10)]);
    expect(await read('demo/r1/')).toEqual([rollout(1), rollout(10), rollout(2)]);
    expect(await read(rollout(1))).toEqual([rollout(1), rollout(10)]);
    expect(await read('demo/r7/train')).toEqual([]);
    expect(await read('demo2/')).toEqual([]);
  });

  test('must be valid and of the credential’s campaign', async () => {
    const post = async (body: unknown, of: Parameters<typeof claims>[0] = { scope: 'pool' }) => {
      const headers = { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` };
      const response = await fetch(`${gateway.url}/pool/trajectories`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    const wrong = await post({ ...trajectoryOf(rollout(0)), outcome: 'maybe', extra: 1 });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toMatch(/outcome.*extra/);
    expect((await post(trajectoryOf('other/r1/train.v0/g0/s0' as RolloutId))).status).toBe(401);
    expect((await post(trajectoryOf(rollout(0)), {})).status).toBe(401);
    expect((await post(trajectoryOf(rollout(0)))).status).toBe(201);
    expect((await post(trajectoryOf(rollout(0)))).status).toBe(200);
    const read = async (path: string, of: Parameters<typeof claims>[0]) =>
      (await fetch(gateway.url + path, { headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` } }))
        .status;
    expect(await read('/pool/trajectories?prefix=demo/', { scope: 'pool' })).toBe(200);
    for (const path of ['/pool/trajectories', '/pool/completions?prefix=demo', '/pool/completions?prefix=other/']) {
      expect(await read(path, { scope: 'pool' }), path).toBe(401);
    }
    expect(await read('/pool/completions?prefix=demo/', {})).toBe(401);
  });
});

describe('a full disk', () => {
  test('is a 507 and no answer; when there is room again the retry succeeds', async () => {
    await gateway.close();
    let full = true;
    await open({
      io: {
        write: (file, bytes, position) =>
          full
            ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
            : diskIo.write(file, bytes, position),
        sync: diskIo.sync,
      },
    });
    const refused = await chat(gateway.url, { index: 0 });
    expect([refused.status, refused.body.error?.code, refused.body.choices]).toEqual([
      507,
      'store.no_space',
      undefined,
    ]);
    await expect(client.recordTrajectory(trajectoryOf(rollout(0)))).rejects.toMatchObject({ code: 'store.no_space' });
    expect(await client.completions('demo/')).toEqual([]);
    full = false;
    expect((await chat(gateway.url, { index: 0 })).body.id).toBe('demo/r1/train.v0/g0/s0/c0');
    await client.recordTrajectory(trajectoryOf(rollout(0)));
    await gateway.close();
    await open();
    expect((await client.completions('demo/')).length).toBe(1);
    expect((await client.trajectories('demo/')).length).toBe(1);
  });
});

describe('the client', () => {
  test('returns the durable record; asked again, the same one', async () => {
    const record = await client.complete(request(rollout(0)), idle());
    expect(record).toMatchObject({
      rollout: rollout(0),
      campaign: DEMO,
      text: 'generation 1',
      sampling: { temperature: 1, maxTokens: 32, seed: 5 },
    });
    expect(await client.complete(request(rollout(0)), idle())).toEqual(record);
    expect(await client.completions(rollout(0))).toEqual([record]);
    await expect(client.complete(request(rollout(0), { seed: 6 }), idle())).rejects.toMatchObject({
      code: 'gateway.conflict',
    });
  });

  test('names what failed', async () => {
    upstream.script = () => Promise.reject(new Error('out of luck'));
    await expect(client.complete(request(rollout(0)), idle())).rejects.toMatchObject({
      code: 'gateway.upstream_failed',
      retryable: true,
    });
    upstream.script = undefined;
    upstream.latencyMs = 2_000;
    const late = client.complete(request(rollout(1), { timeoutMs: 50 }), idle());
    await expect(late).rejects.toMatchObject({
      code: 'gateway.upstream_failed',
      message: expect.stringContaining('50 ms'),
    });
    const stranger = createGatewayClient({ url: gateway.url, secret: Buffer.alloc(32) });
    await expect(stranger.completions('demo/')).rejects.toMatchObject({ code: 'gateway.unauthorised' });
    const tight = createGatewayClient({ url: gateway.url, secret: SECRET, budget: { maxTokens: 10 } });
    await expect(tight.complete(request(rollout(2)), idle())).rejects.toMatchObject({
      code: 'gateway.budget_exhausted',
    });
    await expect(client.completions('demo')).rejects.toMatchObject({ code: 'gateway.bad_request' });
    await gateway.close();
    await expect(client.complete(request(rollout(0)), idle())).rejects.toMatchObject({
      code: 'stack.gateway_unavailable',
      retryable: true,
    });
    expect(() => createGatewayClient({ url: gateway.url, secretFile: '/nowhere' })).toThrow('/nowhere');
  });

  test('asks once more when a connection breaks: every call may be repeated', async () => {
    let broken = 0;
    const proxy = createServer((incoming, outgoing) => {
      if (broken++ === 0) return void incoming.socket.destroy();
      void fetch(gateway.url + incoming.url, { headers: { authorization: incoming.headers.authorization ?? '' } })
        .then((answer) => answer.text())
        .then((text) => outgoing.end(text));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    stack.defer(() => void proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    expect(await createGatewayClient({ url, secret: SECRET }).trajectories('demo/')).toEqual([]);
    expect(broken).toBe(2);
    proxy.closeAllConnections();
  });

  test('passes the caller’s own reason on when it is cancelled', async () => {
    upstream.latencyMs = 5_000;
    const cancel = new AbortController();
    const asked = client.complete(request(rollout(0)), cancel.signal);
    await expect.poll(() => upstream.bodies.length, soon).toBe(1);
    const reason = new Error('the campaign was cancelled');
    cancel.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect.poll(async () => (await client.completions('demo/'))[0]?.finish, soon).toBe('aborted');
  });
});

describe('the policy host', () => {
  const version = {
    campaign: DEMO,
    number: 0,
    name: POLICY,
    base: 'x',
    parent: null,
    adapter: null,
    adapterGguf: null,
    optimizer: null,
  };

  test('returns the engine’s address', async () => {
    expect(await createPolicyHost({ controlUrl: upstream.url }).ensure(version)).toEqual({ url: upstream.url });
  });

  test.each([
    [422, { code: 'adapter_corrupt', message: 'm' }, 'policy.adapter_corrupt'],
    [422, { code: 'adapter_rejected', message: 'm' }, 'policy.adapter_corrupt'],
    [409, { code: 'policy_conflict', message: 'm' }, 'gateway.conflict'],
    [503, { code: 'store_unavailable', message: 'm' }, 'store.unavailable'],
    [503, { code: 'engine_failed', message: 'm' }, 'stack.policy_unavailable'],
    [500, 'no object', 'stack.policy_unavailable'],
  ])('%i %j is named', async (status, body, code) => {
    const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(createPolicyHost({ controlUrl }).ensure(version)).rejects.toMatchObject({ code });
    server.closeAllConnections();
    server.close();
    await expect(createPolicyHost({ controlUrl }).ensure(version)).rejects.toMatchObject({
      code: 'stack.policy_unavailable',
    });
  });
});
