import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { workerMetrics } from './registry.ts';
import { type MetricsServerOptions, serveMetrics } from './server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
async function start(options: Partial<MetricsServerOptions> = {}): Promise<string> {
  const server = await serveMetrics({ registry: workerMetrics().registry, port: 0, ...options });
  closing.push(server.close);
  return `http://127.0.0.1:${server.port}`;
}
async function other(status: number, text: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(text));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

it('serves the metrics and nothing else', async () => {
  const url = await start();
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await answer.text()).toContain('# TYPE anneal_rollouts_total counter');
  for (const [path, method] of [
    ['/', 'GET'],
    ['/metrics/x', 'GET'],
    ['/metrics', 'POST'],
  ])
    expect((await fetch(url + path, { method: method! })).status).toBe(404);
});

it('includes what another server gives, and fails as a whole rather than leave it out', async () => {
  const url = await start({ include: [await other(200, '# TYPE temporal_x counter\ntemporal_x 7\n')] });
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('\ntemporal_x 7\n');
  expect(text).toContain('anneal_rollouts_total');
  const broken = await start({ include: [await other(500, '')] });
  expect((await fetch(`${broken}/metrics`)).status).toBe(500);
});

it('looks up what has to be looked up before it answers', async () => {
  const { registry, metrics } = workerMetrics();
  let looks = 0;
  const url = await start({
    registry,
    before: async () => {
      looks += 1;
      metrics.anneal_gates_open.set({ campaign: 'c', kind: 'release' }, looks);
    },
  });
  for (const expected of [1, 2])
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      `anneal_gates_open{campaign="c",kind="release"} ${expected}`,
    );
});

it('says that its port is taken', async () => {
  const url = await start();
  const again = serveMetrics({ registry: workerMetrics().registry, port: Number(new URL(url).port) });
  await expect(again).rejects.toMatchObject({ code: 'stack.port_in_use' });
});
