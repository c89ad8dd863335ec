// The routes of agents that tell what they do with their contexts. An unchanged SDK reaches them beside its own: its base URL is the same.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AnnealError } from '../../contracts/errors.ts';
import { type ContextRequest, contextRequest } from '../../contracts/session.ts';
import type { RolloutClaims } from '../credential.ts';
import { type Flights, nextIndex } from '../flights.ts';
import { readBody, sendJson } from '../http.ts';
import type { CompletionPool } from '../pool/completions.ts';
import { createDropped, parseBody, problem, readShape } from '../wire/shape.ts';
import type { OperationPool } from './operations.ts';
import { type Address, splitPath } from './path.ts';
import { sessionOf } from './session.ts';

const BODY_LIMIT = 256 << 10;
const ATTEMPT = /^c(\d{1,9})(\.a\d{1,9})?$/;

export interface ContextRouteOptions {
  readonly operations: OperationPool;
  readonly completions: CompletionPool;
  readonly flights: Flights;
  /** @throws AnnealError `gateway.unauthorised` */
  readonly claimsOf: (request: IncomingMessage, address: Address) => RolloutClaims;
}

export type ContextRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createContextRoutes({ operations, completions, flights, claimsOf }: ContextRouteOptions): {
  readonly register: ContextRoute;
  readonly list: ContextRoute;
} {
  const ready = ({ rollout }: RolloutClaims): Promise<void> | undefined =>
    completions.ready(rollout) ?? operations.ready(rollout);
  return {
    /** Registers one. 201, or 200 where it is there already. */
    async register(request, response) {
      const address = splitPath(request.url ?? '');
      const claims = claimsOf(request, address);
      const session = sessionOf(claims, address, request.headers);
      const asked = readRequest(await readBody(request, BODY_LIMIT));
      // Between the last of these and the place that `add` takes nothing may await.
      for (let loading = ready(claims); loading !== undefined; loading = ready(claims)) await loading;
      const next = nextIndex(completions.tally(claims.rollout), flights.of(claims.rollout), false);
      mustBeOwn(asked, claims, next);
      const { record, created } = await operations.add(claims, session, asked, next);
      sendJson(response, created ? 201 : 200, { ...record, created });
    },
    /** The rollout's own, one JSON object a line. */
    async list(request, response) {
      const { rollout } = claimsOf(request, splitPath(request.url ?? ''));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const lines = operations.of(rollout);
      await pipeline(
        Readable.from(
          (async function* () {
            for await (const json of lines) yield `${json}\n`;
          })(),
        ),
        response,
      );
    },
  };
}

function readRequest(body: Buffer): ContextRequest {
  const parsed = parseBody(body);
  const dropped = createDropped();
  const read = parsed.ok ? readShape(contextRequest, parsed.value, dropped) : parsed;
  if (read.ok) return read.value;
  const text = read.problems.map(({ path, expected }) => (path === '' ? expected : `${path}: ${expected}`)).join('; ');
  throw new AnnealError('gateway.bad_request', text, { problems: read.problems });
}

/** Completions are named that this rollout has asked for, and no others. */
function mustBeOwn({ completions, kind, child }: ContextRequest, { rollout }: RolloutClaims, next: number): void {
  const problems = completions.flatMap((id, at) => {
    const index = id.startsWith(`${rollout}/`) ? ATTEMPT.exec(id.slice(rollout.length + 1))?.[1] : undefined;
    const known = index !== undefined && Number(index) < next;
    return known ? [] : [problem(`completions.${at}`, 'a completion of this rollout')];
  });
  const ofAgent = kind === 'sub-agent-start' || kind === 'sub-agent-end';
  if (ofAgent !== (child !== undefined)) {
    problems.push(problem('child', ofAgent ? "the sub-agent's name" : 'nothing but with a sub-agent'));
  }
  if (problems.length === 0) return;
  const text = problems.map(({ path, expected }) => `${path}: ${expected}`).join('; ');
  throw new AnnealError('gateway.bad_request', text, { problems });
}
