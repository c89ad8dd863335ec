// GET /metrics, for Prometheus. Nothing else is served, so that the port may be opened to the monitoring alone.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { AnnealError } from '../../contracts/errors.ts';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly registry: Registry;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default loopback; a pod's must be reachable: 0.0.0.0. */
  readonly host?: string;
  /** Addresses whose metrics are part of the answer: Temporal's own server of SDK metrics. */
  readonly include?: readonly string[];
  /** Waited for before each answer: what is looked up rather than counted. */
  readonly before?: () => Promise<void>;
}

/** Prometheus gives up after ten seconds by default. */
const PART_TIMEOUT_MS = 5_000;

/** @throws AnnealError `stack.port_in_use` */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, port, host = '127.0.0.1', include = [], before } = options;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if ((request.method !== 'GET' && request.method !== 'HEAD') || path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('only GET /metrics is served here\n');
      return;
    }
    try {
      await before?.();
      const texts = await Promise.all([registry.metrics(), ...include.map(part)]);
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(request.method === 'HEAD' ? undefined : texts.join('\n'));
    } catch (failure) {
      // Half the metrics would look like a drop to zero; a failed scrape is seen as one (`up`).
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${(failure as Error).message}\n`);
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', (failure: NodeJS.ErrnoException) => {
      const code = failure.code === 'EADDRINUSE' ? 'stack.port_in_use' : 'stack.start_failed';
      failed(new AnnealError(code, `metrics: ${failure.message}`, { cause: failure }));
    });
    server.listen(port, host, listening);
  });
  // A worker that has nothing else to do must be able to end.
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function part(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PART_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}
