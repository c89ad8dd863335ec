// Traces across the gateway: the worker's requests to it carry the current span, the gateway's answers and its calls of engines
// are spans. Node and undici tell of them on their diagnostics channels, so that neither side has a line for it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { ENGINE_CALLS, type EngineCall, type EngineCallMessage } from '../../contracts/engine-call.ts';
import { formatTraceParent, parseTraceParent, type TraceParent } from './carrier.ts';
import type { Tracing } from './tracing.ts';

interface UndiciRequest {
  readonly origin: string | URL;
  addHeader(name: string, value: string): void;
}

/** Requests to `url` carry the current span, sent by node:http or by fetch; no other server learns of it. */
export function traceRequests(tracing: Tracing, url: string): () => void {
  const { origin, host } = new URL(url);
  const onCreate = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest };
    if (new URL(request.origin).origin !== origin) return;
    const parent = tracing.current();
    if (parent !== undefined) request.addHeader('traceparent', formatTraceParent(parent));
  };
  // Told of before it is sent: a header can still be set.
  const onCreated = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    if (request.getHeader('host') !== host || `${request.protocol}//${host}` !== origin) return;
    const parent = tracing.current();
    if (parent !== undefined) request.setHeader('traceparent', formatTraceParent(parent));
  };
  subscribe('undici:request:create', onCreate);
  subscribe('http.client.request.created', onCreated);
  return () => {
    unsubscribe('undici:request:create', onCreate);
    unsubscribe('http.client.request.created', onCreated);
  };
}

/** For the gateway's process: requests that carry a trace are spans, and so are the engine's answers below them. */
export function traceServer(tracing: Tracing): () => void {
  const serving = new AsyncLocalStorage<TraceParent | undefined>();

  const onServed = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const header = request.headers.traceparent;
    const parent = parseTraceParent(Array.isArray(header) ? undefined : header);
    // An agent's base URL may hold its credential and names of its own.
    const path = (request.url ?? '').split('?', 1)[0]!.replace(/^(\/[rta]\/[^/]*)+(?=\/|$)/, '');
    const name = `${request.method} ${path}`;
    const span = parent && tracing.begin(name, { parent, kind: 'server' });
    // Set for every request, also to nothing: a connection serves one request after another.
    serving.enterWith(span?.parent);
    if (span === undefined) return;
    response.once('close', () => {
      const whole = response.writableFinished;
      const how = response.getHeader('x-anneal-how');
      span.end(
        {
          'http.response.status_code': whole ? response.statusCode : 0,
          ...(typeof how === 'string' ? { 'anneal.how': how } : {}),
        },
        !whole || response.statusCode >= 500,
      );
    });
  };

  const onSent = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const parent = serving.getStore();
    if (parent === undefined) return;
    const path = (request.path ?? '').split('?', 1)[0];
    const span = tracing.begin(`engine ${path}`, { parent, kind: 'client' });
    let status = 0;
    request.once('response', (response: IncomingMessage) => {
      status = response.statusCode ?? 0;
    });
    request.once('close', () => span.end({ 'http.response.status_code': status }, status === 0 || status >= 500));
  };

  const calls = new Map<EngineCall, ReturnType<Tracing['begin']>>();
  const onCall = (message: unknown): void => {
    const { call, phase } = message as EngineCallMessage;
    const parent = serving.getStore();
    if (phase === 'asked' && parent !== undefined) {
      calls.set(call, tracing.begin(`engine ${call.path}`, { parent, kind: 'client' }));
    }
    if (phase !== 'ended') return;
    const { status } = call;
    calls.get(call)?.end({ 'http.response.status_code': status }, status === 0 || status >= 500);
    calls.delete(call);
  };

  subscribe('http.server.request.start', onServed);
  subscribe(ENGINE_CALLS, onCall);
  subscribe('http.client.request.created', onSent);
  return () => {
    unsubscribe('http.server.request.start', onServed);
    unsubscribe(ENGINE_CALLS, onCall);
    unsubscribe('http.client.request.created', onSent);
  };
}
