// The gateway's metrics, taken from a real gateway before a scripted engine.
import { expect, test, vi } from 'vitest';
import { chat, claims, rollout, SECRET } from '../../tests/support/gateway.ts';
import { soon, useGateway } from '../../tests/support/use-gateway.ts';
import { mintCredential } from '../gateway-client/credential.ts';
import { gatewayTotals, watchGateway } from './gateway.ts';
import { observeGateway } from './observe.ts';
import { gatewayMetrics } from './registry.ts';

const on = useGateway();
const CHAT = 'POST /v1/chat/completions';

function watch() {
  const live = gatewayMetrics();
  const watched = watchGateway(live.metrics, { port: () => on.gateway.port });
  on.defer(watched.stop);
  return {
    ...live,
    async series(name: string): Promise<Record<string, number>> {
      watched.look();
      const { values } = await live.registry.getSingleMetric(name)!.get();
      return Object.fromEntries(
        values.map(({ labels, value, ...other }) => [
          ['metricName' in other ? String(other.metricName) : '', ...Object.values(labels)].join(' ').trim(),
          value,
        ]),
      );
    },
  };
}
const ask = (sample: number) => chat(on.gateway.url, { of: { rollout: rollout(sample) } });

test('counts requests by route and status, whatever paths are tried', async () => {
  const { series } = watch();
  await ask(0);
  await chat(on.gateway.url, { token: 'anr_nobody' });
  await fetch(`${on.gateway.url}/health?x=1`);
  for (const path of ['/', '/admin', '/pool/secrets']) await fetch(on.gateway.url + path);
  await expect
    .poll(() => series('anneal_gateway_requests_total'), soon)
    .toEqual({
      [`${CHAT} 200`]: 1,
      [`${CHAT} 401`]: 1,
      'GET /health 200': 1,
      'other 404': 3,
    });
  const timed = await series('anneal_gateway_request_seconds');
  expect(timed[`anneal_gateway_request_seconds_count ${CHAT}`]).toBe(2);
});

test('shows what is worked on and what waits for an engine', async () => {
  const { series, registry } = watch();
  await on.gateway.close();
  await on.open({ engineConnections: 2 });
  const release = on.hold();
  const asked = Promise.all([0, 1, 2, 3, 4].map(ask));
  await expect.poll(() => series('anneal_gateway_generations_waiting'), soon).toEqual({ '': 3 });
  expect(await series('anneal_gateway_generations_running')).toEqual({ '': 2 });
  expect(await series('anneal_gateway_requests_in_flight')).toEqual({ [CHAT]: 5 });
  release();
  await asked;
  await expect.poll(() => series('anneal_gateway_requests_in_flight'), soon).toEqual({ [CHAT]: 0 });
  await expect.poll(() => series('anneal_gateway_generations_running'), soon).toEqual({ '': 0 });
  expect(await series('anneal_gateway_generations_waiting')).toEqual({ '': 0 });
  const text = await registry.metrics();
  expect(text).toContain('anneal_gateway_engine_seconds_count 5');
  expect(text).toContain('anneal_gateway_engine_wait_seconds_count 5');
});

test('agents’ requests are measured at the engine too, but not what is asked of its tokenizer', async () => {
  const { series, registry } = watch();
  const ask = async (stream: boolean, token = mintCredential(claims(), SECRET)): Promise<number> => {
    const response = await fetch(`${on.gateway.url}/r/${token}/a/helper/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', max_tokens: 9, stream, messages: [{ role: 'user', content: 'Hello' }] }),
    });
    await response.text();
    return response.status;
  };
  expect([await ask(false), await ask(true)]).toEqual([200, 200]);
  await expect.poll(() => series('anneal_gateway_requests_total'), soon).toEqual({ 'POST /v1/messages 200': 2 });
  const text = await registry.metrics();
  expect(text).toContain('anneal_gateway_engine_seconds_count 2');
  expect(text).toContain('anneal_gateway_engine_wait_seconds_count 2');
  expect(await series('anneal_gateway_generations_running')).toEqual({ '': 0 });
  expect(await series('anneal_gateway_generations_waiting')).toEqual({ '': 0 });
});

test('counts a client that went away as closed, and its generation no longer as running', async () => {
  const { series } = watch();
  const release = on.hold();
  const gone = new AbortController();
  const asked = chat(on.gateway.url, { signal: gone.signal }).catch(() => 'gone');
  await expect.poll(() => series('anneal_gateway_generations_running'), soon).toEqual({ '': 1 });
  gone.abort();
  expect(await asked).toBe('gone');
  await expect.poll(() => series('anneal_gateway_requests_total'), soon).toEqual({ [`${CHAT} closed`]: 1 });
  await expect.poll(() => series('anneal_gateway_generations_running'), soon).toEqual({ '': 0 });
  release();
});

test('a generation that is given up while it waits never ran', async () => {
  const { series } = watch();
  await on.gateway.close();
  await on.open({ engineConnections: 1 });
  const release = on.hold();
  const first = ask(0);
  await expect.poll(() => series('anneal_gateway_generations_running'), soon).toEqual({ '': 1 });
  const gone = new AbortController();
  const second = chat(on.gateway.url, { of: { rollout: rollout(1) }, signal: gone.signal }).catch(() => 'gone');
  await expect.poll(() => series('anneal_gateway_generations_waiting'), soon).toEqual({ '': 1 });
  gone.abort();
  expect(await second).toBe('gone');
  await expect.poll(() => series('anneal_gateway_generations_waiting'), soon).toEqual({ '': 0 });
  expect(await series('anneal_gateway_generations_running')).toEqual({ '': 1 });
  release();
  await first;
});

test("gives the gateway's own totals, which never fall", async () => {
  const { metrics, series } = watch();
  const look = gatewayTotals(on.gateway.url, metrics);
  await ask(0);
  await chat(on.gateway.url, { of: { rollout: rollout(0), maxRequests: 9 }, index: 0 });
  await look();
  expect(await series('anneal_gateway_completions_total')).toEqual({ generated: 1, joined: 0, replayed: 1 });
  const tokens = (await series('anneal_gateway_tokens_total'))['']!;
  expect(tokens).toBeGreaterThan(0);
  await ask(1);
  await look();
  expect((await series('anneal_gateway_tokens_total'))['']).toBe(2 * tokens);
  expect((await series('anneal_gateway_log_bytes'))['']).toBeGreaterThan(0);
  vi.stubGlobal('fetch', async () => new Response('{}'));
  on.defer(() => void vi.unstubAllGlobals());
  await expect(look()).rejects.toThrow();
});

test('serves all of it, once the gateway is there, and nothing without a port', async () => {
  const serve = observeGateway({ port: 0 });
  const served = (await serve(on.gateway))!;
  on.defer(served.close);
  await ask(0);
  const text = await (await fetch(`http://127.0.0.1:${served.port}/metrics`)).text();
  expect(text).toContain(`anneal_gateway_requests_total{route="${CHAT}",status="200"} 1`);
  expect(text).toContain('anneal_gateway_completions_total{how="generated"} 1');
  expect(await observeGateway(undefined)(on.gateway)).toBeUndefined();
});
