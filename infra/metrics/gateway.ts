// The gateway's metrics: Node tells on its diagnostics channels of every request that it serves and sends, the gateway of those that it
// sends for agents, and the gateway's own totals are asked for when Prometheus asks.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ENGINE_CALLS, type EngineCall, type EngineCallMessage } from '../../contracts/engine-call.ts';
import type { GatewayMetrics } from './registry.ts';

/** Routes that the gateway has; any other path is `other`, since who asks chooses it. */
const ROUTES: ReadonlySet<string> = new Set([
  'POST /v1/chat/completions',
  'POST /v1/completions',
  'POST /v1/responses',
  'POST /v1/messages',
  'POST /v1/messages/count_tokens',
  'GET /v1/models',
  'GET /health',
  'GET /metrics',
  'POST /v1/anneal/context',
  'GET /v1/anneal/context',
  'POST /pool/trajectories',
  'GET /pool/trajectories',
  'GET /pool/completions',
  'GET /pool/operations',
]);

/** An agent's base URL may hold its credential and names of its own. */
const withoutCredential = (path: string): string => path.replace(/^(\/[rta]\/[^/]*)+(?=\/)/, '');

interface Served {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}
interface Sent {
  readonly request: ClientRequest;
}

export interface GatewayWatch {
  /** Counts what waits at this moment: for `serveMetrics({before})`. */
  look(): void;
  stop(): void;
}

/**
 * Watches this process's HTTP; start it before the gateway.
 * @param options.isEngine whether a request that is sent asks an engine for a completion; default: by its path
 */
export function watchGateway(
  metrics: GatewayMetrics,
  options: { readonly port?: () => number; readonly isEngine?: (path: string) => boolean } = {},
): GatewayWatch {
  const { port, isEngine = (path) => path === '/completion' || path.endsWith('/v1/completions') } = options;
  const waiting = new Set<ClientRequest>();
  const calls = new Map<EngineCall, { readonly asked: number; sent?: number }>();

  const onServed = (message: unknown): void => {
    const { request, response } = message as Served;
    // Not the metrics' own server.
    if (port !== undefined && request.socket.localPort !== port()) return;
    const name = `${request.method} ${withoutCredential((request.url ?? '').split('?', 1)[0]!)}`;
    const route = ROUTES.has(name) ? name : 'other';
    const end = metrics.anneal_gateway_request_seconds.startTimer({ route });
    metrics.anneal_gateway_requests_in_flight.inc({ route });
    response.once('close', () => {
      end();
      metrics.anneal_gateway_requests_in_flight.dec({ route });
      const status = response.writableFinished ? `${response.statusCode}` : 'closed';
      metrics.anneal_gateway_requests_total.inc({ route, status });
    });
  };

  const onSent = (message: unknown): void => {
    const { request } = message as Sent;
    if (!isEngine((request.path ?? '').split('?', 1)[0]!)) return;
    const asked = performance.now();
    waiting.add(request);
    request.once('socket', () => {
      waiting.delete(request);
      const got = performance.now();
      metrics.anneal_gateway_generations_running.inc();
      metrics.anneal_gateway_engine_wait_seconds.observe((got - asked) / 1000);
      request.once('close', () => {
        metrics.anneal_gateway_generations_running.dec();
        metrics.anneal_gateway_engine_seconds.observe((performance.now() - got) / 1000);
      });
    });
    request.once('close', () => waiting.delete(request));
  };

  /** Of agents' requests, which the gateway tells of itself. */
  const onCall = (message: unknown): void => {
    const { call, phase } = message as EngineCallMessage;
    // Asked for its tokenizer it generates nothing.
    if (!call.path.endsWith('/completions')) return;
    const now = performance.now();
    const known = calls.get(call);
    if (phase === 'asked') calls.set(call, { asked: now });
    else if (known === undefined) return;
    else if (phase === 'sent') {
      known.sent = now;
      metrics.anneal_gateway_generations_running.inc();
      metrics.anneal_gateway_engine_wait_seconds.observe((now - known.asked) / 1000);
    } else {
      calls.delete(call);
      if (known.sent === undefined) return;
      metrics.anneal_gateway_generations_running.dec();
      metrics.anneal_gateway_engine_seconds.observe((now - known.sent) / 1000);
    }
  };
  const waitingCalls = (): number => [...calls.values()].filter(({ sent }) => sent === undefined).length;

  subscribe('http.server.request.start', onServed);
  subscribe(ENGINE_CALLS, onCall);
  subscribe('http.client.request.created', onSent);
  return {
    // Node leaves a request that was given up in its queue until a connection is free for it.
    look: () =>
      metrics.anneal_gateway_generations_waiting.set(
        [...waiting].filter((one) => !one.destroyed).length + waitingCalls(),
      ),
    stop() {
      unsubscribe('http.server.request.start', onServed);
      unsubscribe('http.client.request.created', onSent);
      unsubscribe(ENGINE_CALLS, onCall);
    },
  };
}

/** What `GET /metrics` of the gateway itself says. */
const totals = z.looseObject({
  generated: z.number(),
  joined: z.number(),
  replayed: z.number(),
  refused: z.number(),
  failed: z.number(),
  tokens: z.number(),
  fsyncs: z.number(),
  bytes: z.number(),
});

/** For `serveMetrics({before: gatewayTotals(…)})`: its own counts since it started. */
export function gatewayTotals(url: string, metrics: GatewayMetrics, timeoutMs = 4_000): () => Promise<void> {
  return async () => {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(timeoutMs) });
    const now = totals.parse(await response.json());
    // Totals of the same process: setting them anew is no reset.
    metrics.anneal_gateway_completions_total.reset();
    for (const how of ['generated', 'joined', 'replayed'] as const)
      metrics.anneal_gateway_completions_total.inc({ how }, now[how]);
    for (const [counter, value] of [
      [metrics.anneal_gateway_tokens_total, now.tokens],
      [metrics.anneal_gateway_refused_total, now.refused],
      [metrics.anneal_gateway_failed_total, now.failed],
      [metrics.anneal_gateway_fsyncs_total, now.fsyncs],
    ] as const) {
      counter.reset();
      counter.inc(value);
    }
    metrics.anneal_gateway_log_bytes.set(now.bytes);
  };
}
