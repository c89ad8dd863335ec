// Requests to an API server, counted in the real client of k8s/cluster before a server that fails as told.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openCluster } from '../../k8s/cluster/request.ts';
import { countCluster } from './cluster.ts';
import { workerMetrics } from './registry.ts';

const cleanup = new AsyncDisposableStack();
afterEach(() => cleanup.disposeAsync());

test('counts every try, and which of them were not the first', async () => {
  const answers = [503, 429, 200, 404, 200];
  const server = createServer((_, response) => response.writeHead(answers.shift()!).end('{}'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanup.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await mkdtemp(join(tmpdir(), 'anneal-kubeconfig-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'config');
  const named = {
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
  };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  await writeFile(kubeconfig, JSON.stringify({ ...named, contexts, 'current-context': 'x' }));

  const { registry, metrics } = workerMetrics();
  cleanup.defer(countCluster(openCluster({ kubeconfig }), metrics, { requests: false }).stop);
  const { cluster, stop } = countCluster(openCluster({ kubeconfig }), metrics);
  cleanup.defer(stop);
  await cluster.ask({ method: 'GET', path: '/api/v1/pods' });
  await cluster.ask({ method: 'DELETE', path: '/api/v1/pods/x' }, [404]);
  // Another server's requests are none of it.
  const other = createServer((_, response) => response.end('{}'));
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  cleanup.defer(() => {
    other.closeAllConnections();
    other.close();
  });
  await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
  const text = await registry.metrics();
  const of = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .sort();
  expect(of('anneal_cluster_requests_total')).toEqual([
    'anneal_cluster_requests_total{verb="DELETE",status="404"} 1',
    'anneal_cluster_requests_total{verb="GET",status="200"} 1',
    'anneal_cluster_requests_total{verb="GET",status="429"} 1',
    'anneal_cluster_requests_total{verb="GET",status="503"} 1',
  ]);
  expect(of('anneal_cluster_retries_total')).toEqual(['anneal_cluster_retries_total{verb="GET"} 2']);
});
