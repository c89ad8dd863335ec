// The clients of gateway and policy server: each failure has its own code.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { RolloutId } from '../../contracts/ids.ts';
import { createGatewayClient, createPolicyHost } from '../../infra/gateway-client/client.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { DEMO, POLICY, rollout, SECRET } from '../support/gateway.ts';
import { soon, useGateway } from '../support/use-gateway.ts';

const on = useGateway();

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
const idle = (): AbortSignal => new AbortController().signal;

describe('the client', () => {
  test('returns the durable record; asked again, the same one', async () => {
    const record = await on.client.complete(request(rollout(0)), idle());
    expect(record).toMatchObject({
      rollout: rollout(0),
      campaign: DEMO,
      text: 'generation 1',
      sampling: { temperature: 1, maxTokens: 32, seed: 5 },
    });
    expect(await on.client.complete(request(rollout(0)), idle())).toEqual(record);
    expect(await on.client.completions(rollout(0))).toEqual([record]);
    await expect(on.client.complete(request(rollout(0), { seed: 6 }), idle())).rejects.toMatchObject({
      code: 'gateway.conflict',
    });
  });

  test('names what failed', async () => {
    on.upstream.script = () => Promise.reject(new Error('out of luck'));
    await expect(on.client.complete(request(rollout(0)), idle())).rejects.toMatchObject({
      code: 'gateway.upstream_failed',
      retryable: true,
    });
    on.upstream.script = undefined;
    on.upstream.latencyMs = 2_000;
    const late = on.client.complete(request(rollout(1), { timeoutMs: 50 }), idle());
    await expect(late).rejects.toMatchObject({
      code: 'gateway.upstream_failed',
      message: expect.stringContaining('50 ms'),
    });
    const stranger = createGatewayClient({ url: on.gateway.url, secret: Buffer.alloc(32) });
    await expect(stranger.completions('demo/')).rejects.toMatchObject({ code: 'gateway.unauthorised' });
    const tight = createGatewayClient({ url: on.gateway.url, secret: SECRET, budget: { maxTokens: 10 } });
    await expect(tight.complete(request(rollout(2)), idle())).rejects.toMatchObject({
      code: 'gateway.budget_exhausted',
    });
    await expect(on.client.completions('demo')).rejects.toMatchObject({ code: 'gateway.bad_request' });
    await on.gateway.close();
    await expect(on.client.complete(request(rollout(0)), idle())).rejects.toMatchObject({
      code: 'stack.gateway_unavailable',
      retryable: true,
    });
    expect(() => createGatewayClient({ url: on.gateway.url, secretFile: '/nowhere' })).toThrow('/nowhere');
  });

  test('asks once more when a connection breaks: every call may be repeated', async () => {
    let broken = 0;
    const proxy = createServer((incoming, outgoing) => {
      if (broken++ === 0) return void incoming.socket.destroy();
      void fetch(on.gateway.url + incoming.url, { headers: { authorization: incoming.headers.authorization ?? '' } })
        .then((answer) => answer.text())
        .then((text) => outgoing.end(text));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    on.defer(() => void proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    expect(await createGatewayClient({ url, secret: SECRET }).trajectories('demo/')).toEqual([]);
    expect(broken).toBe(2);
    proxy.closeAllConnections();
  });

  test('passes the caller’s own reason on when it is cancelled', async () => {
    on.upstream.latencyMs = 5_000;
    const cancel = new AbortController();
    const asked = on.client.complete(request(rollout(0)), cancel.signal);
    await expect.poll(() => on.upstream.bodies.length, soon).toBe(1);
    const reason = new Error('the campaign was cancelled');
    cancel.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect.poll(async () => (await on.client.completions('demo/'))[0]?.finish, soon).toBe('aborted');
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

  test('asks for the version by its name', async () => {
    await createPolicyHost({ servers: oneServer(on.upstream.url) }).ensure(version);
    expect(on.upstream.seen[`/policies/${POLICY}`]).toBe(1);
  });

  test.each([
    [422, { code: 'adapter_corrupt', message: 'm' }, 'policy.adapter_corrupt'],
    [422, { code: 'adapter_rejected', message: 'm' }, 'policy.adapter_corrupt'],
    [409, { code: 'policy_conflict', message: 'm' }, 'gateway.conflict'],
    [503, { code: 'store_unavailable', message: 'm' }, 'store.unavailable'],
    [401, { code: 'unauthorized', message: 'm' }, 'policy.unauthorised'],
    [403, 'a proxy says no', 'policy.unauthorised'],
    [503, { code: 'engine_failed', message: 'm' }, 'stack.policy_unavailable'],
    [500, 'no object', 'stack.policy_unavailable'],
  ])('%i %j is named', async (status, body, code) => {
    const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const servers = oneServer(controlUrl);
    await expect(createPolicyHost({ servers }).ensure(version)).rejects.toMatchObject({ code });
    server.closeAllConnections();
    server.close();
    await expect(createPolicyHost({ servers }).ensure(version)).rejects.toMatchObject({
      code: 'stack.policy_unavailable',
    });
  });
});
