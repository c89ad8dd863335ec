// Requests to an API server, each try of them: undici tells on its diagnostics channels of every request that it sends, and the
// wrapper tells the tries of one request from those of another.
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { WorkerMetrics } from './registry.ts';

/** What is counted of k8s/cluster's `Cluster`, which this folder may not import. */
export interface CountedCluster {
  readonly server: string;
  ask(...args: never[]): Promise<unknown>;
  open(...args: never[]): Promise<unknown>;
}

interface SentRequest {
  readonly origin: string | URL;
  readonly method: string;
}
interface Asked {
  tries: number;
}

/**
 * The same cluster, counted; `stop` ends the watch. Requests to other servers are not looked at.
 * @param options.requests false for a second client of a server whose requests are counted already
 */
export function countCluster<C extends CountedCluster>(
  cluster: C,
  metrics: WorkerMetrics,
  options: { readonly requests?: boolean } = {},
): { readonly cluster: C; stop(): void } {
  const { origin } = new URL(cluster.server);
  const asked = new AsyncLocalStorage<Asked>();
  const began = new WeakMap<object, number>();

  const onCreate = (message: unknown): void => {
    const { request } = message as { request: SentRequest };
    if (new URL(request.origin).origin !== origin) return;
    if (options.requests !== false) began.set(request, performance.now());
    const of = asked.getStore();
    if (of === undefined) return;
    of.tries += 1;
    if (of.tries > 1) metrics.anneal_cluster_retries_total.inc({ verb: request.method });
  };
  const ended = (request: SentRequest, status: string): void => {
    const at = began.get(request);
    if (at === undefined) return;
    began.delete(request);
    metrics.anneal_cluster_requests_total.inc({ verb: request.method, status });
    metrics.anneal_cluster_request_seconds.observe({ verb: request.method }, (performance.now() - at) / 1000);
  };
  const onHeaders = (message: unknown): void => {
    const { request, response } = message as { request: SentRequest; response: { statusCode: number } };
    ended(request, `${response.statusCode}`);
  };
  const onError = (message: unknown): void => {
    const { request, error } = message as { request: SentRequest; error: Error };
    ended(request, error.name === 'TimeoutError' || error.name === 'AbortError' ? 'timeout' : 'unreachable');
  };

  subscribe('undici:request:create', onCreate);
  subscribe('undici:request:headers', onHeaders);
  subscribe('undici:request:error', onError);
  return {
    cluster: {
      ...cluster,
      ask: (...args: never[]) => asked.run({ tries: 0 }, () => cluster.ask(...args)),
      open: (...args: never[]) => asked.run({ tries: 0 }, () => cluster.open(...args)),
    },
    stop() {
      unsubscribe('undici:request:create', onCreate);
      unsubscribe('undici:request:headers', onHeaders);
      unsubscribe('undici:request:error', onError);
    },
  };
}
