// The gateway's routes: credentials, back-pressure, bodies. What is guaranteed about completions is in capture.ts.
import { createSecretKey } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import { type CredentialClaims, trajectory } from '../contracts/trajectory.ts';
import type { Capture } from './capture.ts';
import { badRequest, chatAnswer, parseChat, parseIndex } from './chat-request.ts';
import { asRollout, authenticate, createAuthenticator, requirePool } from './credential.ts';
import type { Engines } from './engine.ts';
import type { Flights } from './flights.ts';
import { readJson, sendError, sendJson } from './http.ts';
import type { CompletionPool } from './pool/completions.ts';
import type { TrajectoryPool } from './pool/trajectories.ts';
import type { OperationPool } from './sessions/operations.ts';
import { splitPath, withoutCredentials } from './sessions/path.ts';
import { createContextRoutes } from './sessions/routes.ts';
import type { TurnCapture } from './turns/capture.ts';
import { createTurnRoutes, keyOf, modelsAnswer } from './turns/routes.ts';
import type { TurnServers } from './turns/server.ts';
import type { Transport } from './turns/transport.ts';

export interface RouteOptions {
  readonly capture: Capture;
  readonly completions: CompletionPool;
  readonly trajectories: TrajectoryPool;
  readonly operations: OperationPool;
  readonly flights: Flights;
  readonly engines: Engines;
  readonly turns: TurnCapture;
  readonly servers: TurnServers;
  readonly transport: Transport;
  readonly secret: Uint8Array;
  readonly maxInFlight: number;
  readonly log: (line: string) => void;
}

type Route = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

const BODY_LIMIT = 4 << 20;

/** Made once: clients may go away by the hundred. */
const GONE = new AnnealError('gateway.upstream_failed', 'the client went away');

export function createListener(options: RouteOptions): RequestListener {
  const { capture, completions, trajectories, operations, engines, maxInFlight, log } = options;
  // Once: making a key of the bytes takes longer than checking with it.
  const secret = createSecretKey(options.secret);
  const count = { requests: 0, inFlight: 0, generated: 0, joined: 0, replayed: 0, refused: 0, failed: 0, tokens: 0 };
  const started = performance.now();
  const authenticator = createAuthenticator(secret);

  async function admit<T>(work: () => Promise<T>): Promise<T> {
    if (count.inFlight >= maxInFlight) {
      throw new AnnealError('gateway.overloaded', `${maxInFlight} requests are in flight already`);
    }
    count.inFlight += 1;
    try {
      return await work();
    } finally {
      count.inFlight -= 1;
    }
  }

  const claimsOf = (request: IncomingMessage): CredentialClaims =>
    authenticate(request.headers.authorization, secret, Math.floor(Date.now() / 1000));

  const chat: Route = async (request, response, signal) => {
    const claims = asRollout(claimsOf(request));
    await admit(async () => {
      const index = parseIndex(request.headers['x-anneal-index']);
      const call = parseChat(await readJson(request, BODY_LIMIT));
      if (call.policy !== claims.policy) {
        throw new AnnealError('gateway.unauthorised', `the credential is for ${claims.policy}, not ${call.policy}`);
      }
      const { record, how } = await capture.complete(claims, call, index, signal);
      count[how] += 1;
      if (how === 'generated') count.tokens += record.completionIds.length;
      // The whole record on request: the worker needs it, an OpenAI client would only be puzzled.
      const whole = request.headers['x-anneal-record'] === 'full' ? { anneal: completions.kept(record) } : {};
      const headers = { 'x-anneal-completion': record.id, 'x-anneal-how': how };
      sendJson(response, 200, { ...chatAnswer(record), ...whole }, headers);
    });
  };

  const models: Route = async (request, response, signal) => {
    const { path, token } = splitPath(request.url ?? '');
    const claims = authenticator(keyOf(request, token));
    const names = claims.scope === 'rollout' ? [asRollout(claims).policy] : await engines.list(signal);
    const one = /models\/(.+)$/.exec(path)?.[1];
    sendJson(response, 200, modelsAnswer(names, request, one && decoded(one)));
  };

  const record: Route = async (request, response) => {
    const claims = claimsOf(request);
    requirePool(claims, `${claims.campaign}/`);
    const parsed = trajectory.safeParse(await readJson(request, BODY_LIMIT));
    if (!parsed.success) throw badRequest(parsed.error);
    requirePool(claims, parsed.data.rollout);
    const created = await trajectories.add(parsed.data);
    sendJson(response, created ? 201 : 200, { rollout: parsed.data.rollout, created });
  };

  const list =
    (from: { startingWith(prefix: string): AsyncGenerator<string> }): Route =>
    async (request, response) => {
      const prefix = new URL(request.url ?? '', 'http://gateway').searchParams.get('prefix') ?? '';
      requirePool(claimsOf(request), prefix);
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      // A failure half-way destroys the connection: the reader sees a broken body, never a short list.
      await pipeline(Readable.from(lines(from.startingWith(prefix))), response);
    };

  const metrics: Route = async (_, response) => {
    const logs = [completions, trajectories, operations].map((pool) => pool.log.stats());
    const sum = (of: 'fsyncs' | 'bytes' | 'segments' | 'unshippedBytes'): number =>
      logs.reduce((total, one) => total + one[of], 0);
    sendJson(response, 200, {
      ...count,
      generated: count.generated + options.turns.stats().generated,
      tokens: count.tokens + options.turns.stats().tokens,
      fsyncs: sum('fsyncs'),
      bytes: sum('bytes'),
      segments: sum('segments'),
      unshippedBytes: sum('unshippedBytes'),
      completions: completions.size(),
      trajectories: trajectories.size(),
      operations: operations.size(),
      uptimeSeconds: Math.round(performance.now() - started) / 1000,
      residentBytes: process.memoryUsage.rss(),
    });
  };

  const context = createContextRoutes({
    ...{ operations, completions, flights: options.flights },
    claimsOf: (request, { token }) => asRollout(authenticator(keyOf(request, token))),
  });

  const routes: Readonly<Record<string, Route>> = {
    'POST /v1/chat/completions': chat,
    'GET /v1/models': models,
    'GET /health': async (_, response) => sendJson(response, 200, { ok: true }),
    'GET /metrics': metrics,
    'POST /pool/trajectories': record,
    'GET /pool/trajectories': list(trajectories),
    'GET /pool/completions': list(completions),
    'GET /pool/operations': list(operations),
    'POST /v1/anneal/context': context.register,
    'GET /v1/anneal/context': context.list,
  };

  function refuse(error: AnnealError, failure: unknown, what: string): void {
    count[error.code === 'internal.bug' || error.retryable ? 'failed' : 'refused'] += 1;
    if (error.code === 'internal.bug') log(`${what}: ${failure instanceof Error ? failure.stack : failure}`);
  }

  const turns = createTurnRoutes({ ...options, capture: options.turns, secret, admit, refuse });

  return async (request, response) => {
    count.requests += 1;
    const gone = new AbortController();
    response.on('close', () => {
      // Every answer ends with it, sent or not.
      if (!response.writableFinished) gone.abort(GONE);
    });
    const address = splitPath(request.url ?? '');
    const { path } = address;
    const name = `${request.method} ${path}`;
    const turn = isHarness(request) ? undefined : turns.get(name);
    if (turn !== undefined) return turn({ request, response, gone, address });
    const route = routes[path.startsWith('/v1/models/') ? 'GET /v1/models' : name];
    try {
      if (route !== undefined) await route(request, response, gone.signal);
      else sendError(response, new AnnealError('gateway.bad_request', `no ${withoutCredentials(name)} here`), 404);
    } catch (failure) {
      if (gone.signal.aborted) return;
      const error = asAnnealError(failure);
      refuse(error, failure, name);
      sendError(response, error);
    }
  };
}

/**
 * Anneal's own harness numbers its requests and asks by token ids; what it asks is read strictly, and asked again it gets the recorded
 * answer. Agents know nothing of that.
 */
function isHarness({ headers }: IncomingMessage): boolean {
  return headers['x-anneal-index'] !== undefined || headers['x-anneal-record'] !== undefined;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new AnnealError('gateway.bad_request', 'the name of the model is not percent-encoded');
  }
}

async function* lines(records: AsyncGenerator<string>): AsyncGenerator<string> {
  for await (const json of records) yield `${json}\n`;
}
