// With a real Prometheus, where it was built (k8s/testbed/binaries.ts builds `prometheus` and `promtool`): it scrapes what we
// serve, answers every query of the dashboard and the alert rules, and its tool plays the rules.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import { freePort } from '../../tests/support/temporal-server.ts';
import { ROWS } from '../grafana/panels.ts';
import { capture } from '../process/capture.ts';
import { gatewayMetrics, workerMetrics } from './registry.ts';
import { serveMetrics } from './server.ts';

const promtool = cachedBinary('promtool');
const prometheus = cachedBinary('prometheus');
const grafana = fileURLToPath(new URL('../grafana/', import.meta.url));

describe.skipIf(promtool === undefined)('promtool', () => {
  test.each([
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.promtool.yaml'],
  ] as const)('%s %s %s', async (...args) => {
    const { code, stdout, stderr } = await capture([promtool!, ...args], { cwd: grafana, timeoutMs: 60_000 });
    expect(`${stdout}${stderr}`).toMatch(/SUCCESS/);
    expect(code).toBe(0);
  });

  test('finds nothing to complain of in what we serve', async () => {
    for (const { registry } of [workerMetrics(), gatewayMetrics()]) {
      const folder = await mkdtemp(join(tmpdir(), 'anneal-promtool-'));
      await writeFile(join(folder, 'metrics'), await registry.metrics());
      const lint = await capture(['sh', '-c', `"${promtool}" check metrics < "${folder}/metrics"`], {
        timeoutMs: 60_000,
      });
      await rm(folder, { recursive: true });
      // Of the process's own metrics some have names that are older than the rules.
      const ours = `${lint.stdout}${lint.stderr}`.split('\n').filter((line) => line.startsWith('anneal_'));
      expect(ours).toEqual([]);
    }
  });
});

describe.skipIf(prometheus === undefined)('a real Prometheus', () => {
  const stack = new AsyncDisposableStack();
  let url: string;
  const api = async (path: string): Promise<{ status: string; error?: string; data: never }> =>
    (await (await fetch(`${url}/api/v1/${path}`)).json()) as never;

  beforeAll(async () => {
    const worker = workerMetrics();
    const gateway = gatewayMetrics();
    worker.metrics.anneal_rollouts_total.inc({ campaign: 'c', purpose: 'train', outcome: 'success' }, 3);
    worker.metrics.anneal_generation_seconds.observe({ campaign: 'c' }, 0.3);
    worker.metrics.anneal_gate_age_seconds.set({ campaign: 'c', kind: 'release' }, 100);
    const servers = [
      await serveMetrics({ registry: worker.registry, port: 0 }),
      await serveMetrics({ registry: gateway.registry, port: 0 }),
    ];
    for (const server of servers) stack.defer(() => server.close());
    const folder = await mkdtemp(join(tmpdir(), 'anneal-prometheus-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const target = (n: number) => ({ static_configs: [{ targets: [`127.0.0.1:${servers[n]!.port}`] }] });
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(grafana, 'alerts.yaml')],
      scrape_configs: [
        { job_name: 'anneal-worker', ...target(0) },
        { job_name: 'anneal-gateway', ...target(1) },
      ],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const child = spawn(
      prometheus!,
      [
        ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
        ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    stack.defer(() => ended(child));
    for (let tries = 0; !(await ready()); tries += 1) {
      if (tries > 300 || child.exitCode !== null) throw new Error('Prometheus does not start');
      await sleep(100);
    }
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  const ready = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );

  test('scrapes worker and gateway', async () => {
    const series = async (): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const { data } = await api(`query?query=${encodeURIComponent('{__name__=~"anneal_.*_total|up"}')}`);
      return (data as { result: never }).result;
    };
    await expect.poll(async () => (await series()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(8);
    const found = await series();
    const seriesOf = (name: string, job: string) =>
      found.find(({ metric }) => metric.__name__ === name && metric.job === job)?.value[1];
    expect(seriesOf('up', 'anneal-worker')).toBe('1');
    expect(seriesOf('up', 'anneal-gateway')).toBe('1');
    expect(seriesOf('anneal_rollouts_total', 'anneal-worker')).toBe('3');
    expect(seriesOf('anneal_gateway_tokens_total', 'anneal-gateway')).toBe('0');
  });

  const queries = ROWS.flatMap((row) => row.panels).flatMap(({ title, queries }) =>
    queries.map(({ expr }, n) => [`${title} ${n}`, expr] as const),
  );
  test.each(queries)('answers the panel %s', async (_, expr) => {
    const filled = expr.replaceAll('$campaign', '.*').replaceAll('$__rate_interval', '1m');
    const answer = await api(`query?query=${encodeURIComponent(filled)}`);
    expect(answer.error).toBeUndefined();
    expect(answer.status).toBe('success');
  });

  test('evaluates every alert', async () => {
    const expected = (parse(readFileSync(join(grafana, 'alerts.yaml'), 'utf8')) as { groups: { rules: unknown[] }[] })
      .groups[0]!.rules.length;
    const states = async (): Promise<string[]> => {
      const { data } = await api('rules?type=alert');
      const { groups } = data as { groups: { rules: { health: string }[] }[] };
      return groups.flatMap((group) => group.rules.map((rule) => rule.health));
    };
    await expect.poll(states, { timeout: 30_000 }).toEqual(Array.from({ length: expected }, () => 'ok'));
  });
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}
