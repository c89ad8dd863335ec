// The routes that agents use: a base URL is all that they change. Who asks is told by the key that their SDK sends, or by the URL.
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { type PolicyName, policyName } from '../../contracts/ids.ts';
import { asRollout, createAuthenticator, type RolloutClaims } from '../credential.ts';
import type { Engines } from '../engine.ts';
import { readBody, sendJson, statusOf } from '../http.ts';
import { stepsTold } from '../sessions/loops.ts';
import type { Address } from '../sessions/path.ts';
import { keyOfSession, sessionOf } from '../sessions/session.ts';
import { createVersions } from '../sessions/versions.ts';
import { DIALECTS, type Dialect, type DialectName } from '../wire/dialects.ts';
import { renderCount } from '../wire/messages/render.ts';
import { parseCountRequest } from '../wire/messages/request.ts';
import { anthropicModel, anthropicModels, openaiModel, openaiModels } from '../wire/models.ts';
import { LIMITS, type Parsed, parseBody } from '../wire/shape.ts';
import type { TurnRequest } from '../wire/turn.ts';
import { answerTurn } from './answer.ts';
import type { TurnCapture } from './capture.ts';
import { countPrompt } from './prompt.ts';
import { hashOf, sendFailure } from './reply.ts';
import type { TurnServers } from './server.ts';
import type { Transport } from './transport.ts';

export interface TurnRouteOptions {
  readonly capture: TurnCapture;
  readonly servers: TurnServers;
  readonly engines: Pick<Engines, 'list'>;
  readonly transport: Transport;
  readonly secret: KeyObject;
  /** Runs the work unless too many requests are in flight. @throws AnnealError `gateway.overloaded` */
  readonly admit: <T>(work: () => Promise<T>) => Promise<T>;
  /** Told of whatever a client is refused. */
  readonly refuse: (error: AnnealError, failure: unknown, what: string) => void;
}

export interface TurnRequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client goes away. */
  readonly gone: AbortController;
  readonly address: Address;
}

export type TurnRoute = (context: TurnRequestContext) => Promise<void>;

/** The credential: of the URL, else as OpenAI's SDKs send a key, else as Anthropic's do. */
export function keyOf({ headers }: IncomingMessage, inPath: string | undefined): string | undefined {
  if (inPath !== undefined) return inPath;
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'];
  return bearer ?? (typeof key === 'string' ? key : undefined);
}

/** By `METHOD path`; `/v1` may be left out, as some agents do. */
export function createTurnRoutes(options: TurnRouteOptions): ReadonlyMap<string, TurnRoute> {
  const { capture, servers, transport, admit, refuse } = options;
  const authenticate = createAuthenticator(options.secret);
  const versions = createVersions((signal) => options.engines.list(signal));

  const claimsOf = ({ request, address }: TurnRequestContext): RolloutClaims =>
    asRollout(authenticate(keyOf(request, address.token)));

  const turn =
    (name: DialectName): TurnRoute =>
    async (context) => {
      const { request, response, gone } = context;
      const dialect: Dialect = DIALECTS[name];
      await told(dialect, context, refuse, () => {
        const claims = claimsOf(context);
        const session = sessionOf(claims, context.address, request.headers);
        const steps = stepsTold(request.headers);
        return admit(async () => {
          const body = await readBody(request, LIMITS.bytes);
          const parsed = understood(parseBody(body), (value) => dialect.parseRequest(value));
          const policy = await versions.of(claims);
          requireModel(claims, policy, parsed.model);
          const asked = { dialect: name, request: parsed, requestHash: hashOf(body), session, steps };
          // Between the last of these and the place that `open` takes nothing may await.
          for (let loading = capture.ready(claims); loading !== undefined; loading = capture.ready(claims))
            await loading;
          const open = await capture.open({ ...claims, policy }, asked, gone);
          const { signal } = gone;
          try {
            await servers.lend(policy, keyOfSession(claims.rollout, session), signal, (server) =>
              answerTurn({ transport, server, open, dialect: name, response, signal }),
            );
          } catch (failure) {
            await open.abandon(asAnnealError(failure));
            throw failure;
          }
        });
      });
    };

  const count: TurnRoute = async (context) =>
    told(DIALECTS.messages, context, refuse, () => {
      const claims = claimsOf(context);
      return admit(async () => {
        const body = await readBody(context.request, LIMITS.bytes);
        const parsed = understood(parseBody(body), parseCountRequest);
        const policy = await versions.of(claims);
        requireModel(claims, policy, parsed.model);
        const { signal } = context.gone;
        const counted = await servers.lend(policy, claims.rollout, signal, (server) =>
          countPrompt(transport, server, parsed, signal),
        );
        sendJson(context.response, 200, renderCount(counted.tokens), {
          'x-anneal-count': counted.exact ? 'exact' : 'estimate',
        });
      });
    });

  const routes = new Map<string, TurnRoute>();
  for (const name of Object.keys(DIALECTS) as DialectName[]) routes.set(`POST ${DIALECTS[name].path}`, turn(name));
  routes.set('POST /v1/messages/count_tokens', count);
  for (const [name, route] of [...routes]) routes.set(name.replace('/v1/', '/'), route);
  return routes;
}

/** What goes wrong is told in the client's dialect. */
async function told(
  dialect: Pick<Dialect, 'renderError'>,
  { address, response, gone }: TurnRequestContext,
  refuse: TurnRouteOptions['refuse'],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (failure) {
    const error = asAnnealError(failure);
    if (!gone.signal.aborted) refuse(error, failure, address.path);
    if (response.headersSent) response.destroy();
    else sendFailure(response, dialect, { error, status: statusOf(error.code) });
  }
}

function understood(body: Parsed<unknown>, parse: (value: unknown) => Parsed<TurnRequest>): TurnRequest {
  const parsed = body.ok ? parse(body.value) : body;
  if (parsed.ok) return parsed.value;
  const { problems } = parsed;
  const text = problems.map(({ path, expected }) => (path === '' ? expected : `${path}: ${expected}`)).join('; ');
  throw new AnnealError('gateway.bad_request', text, { problems });
}

/** An agent may call its model what it likes; one that names another policy means another one. */
function requireModel({ policy }: RolloutClaims, answering: PolicyName, model: string): void {
  if (model === policy || model === answering || !policyName.safeParse(model).success) return;
  throw new AnnealError('gateway.unauthorised', `the credential is for ${policy}, not ${model}`);
}

/** Lists of models, or one by its name, as the asking SDK reads them. */
export function modelsAnswer(names: readonly string[], { headers }: IncomingMessage, one: string | undefined): object {
  const isAnthropic = headers['anthropic-version'] !== undefined;
  if (one === undefined) return (isAnthropic ? anthropicModels : openaiModels)(names);
  if (!names.includes(one)) throw new AnnealError('gateway.bad_request', `no model ${one} here`);
  return (isAnthropic ? anthropicModel : openaiModel)(one);
}
