// Requests to an API server, with the kubeconfig's credentials. The generated client turns every object into classes and
// has neither time-outs nor retries; what is used of the library is the part that knows kubeconfigs.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as Library from '@kubernetes/client-node';
import { AnnealError } from '../../contracts/errors.ts';
import { answerFailure, connectionFailure, isPassing } from './failure.ts';

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's address: /apis/batch/v1/namespaces/x/jobs */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

export interface Cluster {
  /** The server's address, for messages. */
  readonly server: string;
  /**
   * Any of the statuses in `accept` is an answer (2xx always is); the JSON of its body. An accepted status with another body is a
   * failure, by its status: a 404 for a missing API must not be taken for a missing object.
   * Time-outs, broken connections, 429 and 5xx are asked again, with jitter: every request of ours may be sent twice.
   * The signal ends the wait.
   * @throws AnnealError `cluster.*`
   */
  ask(
    ask: Ask,
    accept?: readonly number[],
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  /** A body as it comes, for watches and logs; asked once. The signal ends it. */
  open(ask: Ask, signal: AbortSignal): Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>;
}

export interface ClusterOptions {
  /** Path of a kubeconfig; without one, the usual places or the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Of one try. A server that is alive but stuck is as good as gone. */
  readonly timeoutMs?: number;
  /** How long a request is tried in all. */
  readonly patienceMs?: number;
}

/** Loaded by the first cluster that is opened: it is 870 modules, half a second of each command that needs none. */
const library = (): typeof Library => require('@kubernetes/client-node');
const require = createRequire(import.meta.url);

const LONGEST_PAUSE_MS = 5_000;
/** Connections are used again for so long: then renewed certificates count. */
const KEEP_MS = 60_000;
const NOT_JSON = Symbol('not JSON');

/** @throws AnnealError `cluster.no_config` when no server is configured */
export function openCluster(options: ClusterOptions = {}): Cluster {
  const config = load(options);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new AnnealError('cluster.no_config', 'the kubeconfig names no current cluster');
  const { IsomorphicFetchHttpLibrary, RequestContext } = library();
  const http = new IsomorphicFetchHttpLibrary();
  const { timeoutMs = 15_000, patienceMs = 30_000 } = options;

  const connections = keptConnections();

  async function send(ask: Ask, signal: AbortSignal, keep: boolean) {
    const url = new URL(server + ask.path);
    for (const [name, value] of Object.entries(ask.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, `${value}`);
    }
    const context = new RequestContext(`${url}`, ask.method as Library.HttpMethod);
    context.setHeaderParam('Accept', 'application/json');
    if (ask.body !== undefined) {
      context.setHeaderParam('Content-Type', ask.contentType ?? 'application/json');
      context.setBody(JSON.stringify(ask.body));
    }
    context.setSignal(signal);
    await config.applySecurityAuthentication(context);
    const own = context.getDispatcher();
    if (keep && own !== undefined) context.setDispatcher(connections.use(own));
    return http.send(context).toPromise();
  }

  async function once(ask: Ask, accept: readonly number[], signal: AbortSignal | undefined) {
    const limit = AbortSignal.timeout(timeoutMs);
    const answer = await send(ask, signal === undefined ? limit : AbortSignal.any([limit, signal]), true);
    const text = await answer.body.text();
    const status = answer.httpStatusCode;
    const isDone = status >= 200 && status < 300;
    if (!isDone && !accept.includes(status)) throw answerFailure(ask, status, text);
    const body = text === '' ? undefined : parseJson(text);
    // No answer of the API's own. A 404 in plain words is about a whole API that is not there, never about one object.
    if (body === NOT_JSON && !isDone) throw answerFailure(ask, status, text);
    if (body === NOT_JSON) throw new Error(`an answer that is not JSON: ${text.slice(0, 200)}`);
    return { status, body };
  }

  return {
    server,

    async ask(ask, accept = [], signal) {
      const until = performance.now() + patienceMs;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(ask, accept, signal);
        } catch (failure) {
          const named = connectionFailure(failure, `${ask.method} ${ask.path} at ${server}`);
          // No answer: the connection may be open on our side only, and would swallow the next request too.
          if (named !== failure) connections.drop();
          const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, 100 * 2 ** attempt);
          if (!isPassing(named) || signal?.aborted === true || performance.now() + pause > until) throw named;
          // Ended by the signal, the next try fails at once.
          await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
        }
      }
    },

    async open(ask, signal) {
      // A stream has a connection of its own: it can be cut without harm to others.
      const answer = await send(ask, signal, false);
      const status = answer.httpStatusCode;
      if (status < 200 || status >= 300) throw answerFailure(ask, status, await answer.body.text());
      // The library types the body after browsers; under Node it is a web stream that can be iterated.
      return { status, body: answer.body.stream() as unknown as AsyncIterable<Uint8Array> };
    },
  };
}

type Dispatcher = NonNullable<ReturnType<Library.RequestContext['getDispatcher']>>;

/** The library offers new connections for every request; a TLS handshake each time costs more than most answers. */
function keptConnections() {
  let kept: { readonly dispatcher: Dispatcher; readonly since: number } | undefined;
  const drop = (): void => {
    // Requests under way are finished on them.
    void kept?.dispatcher.close().catch(() => undefined);
    kept = undefined;
  };
  return {
    drop,
    use(offered: Dispatcher): Dispatcher {
      if (kept !== undefined && performance.now() - kept.since > KEEP_MS) drop();
      kept ??= { dispatcher: offered, since: performance.now() };
      return kept.dispatcher;
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return NOT_JSON;
  }
}

function load({ kubeconfig, context }: ClusterOptions): Library.KubeConfig {
  const config = new (library().KubeConfig)();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
  } catch (failure) {
    const how = failure instanceof Error ? failure.message : String(failure);
    throw new AnnealError('cluster.no_config', `${kubeconfig ?? 'the default kubeconfig'}: ${how}`, { cause: failure });
  }
  return config;
}
