// An upstream's refusals and failures: whose fault they are, and what the client is told.
import { z } from 'zod';
import { AnnealError, type ErrorCode } from '../../../contracts/errors.ts';
import type { TurnEvent } from '../turn.ts';

const LONGEST = 2000;

const nested = z.looseObject({ message: z.string(), code: z.unknown().optional() });
const said = z.union([
  z.looseObject({ error: nested }).transform(({ error }) => error.message),
  z.looseObject({ error: z.string() }).transform(({ error }) => error),
  // Older servers of vLLM and SGLang.
  z.looseObject({ message: z.string() }).transform(({ message }) => message),
  z.looseObject({ detail: z.string() }).transform(({ detail }) => detail),
]);

export type Failure = Extract<TurnEvent, { type: 'error' }>;

/**
 * What an answer with a status other than 200 means. A request that the server refuses is the client's; a key that it refuses is the
 * gateway's own, and no client can mend it.
 */
export function upstreamFailure(status: number, body: unknown): Failure {
  const why = (said.safeParse(body).data ?? 'without a reason').slice(0, LONGEST);
  const [code, told] = faultOf(status);
  return { type: 'error', error: new AnnealError(code, `the server answered ${status}: ${why}`), status: told };
}

function faultOf(status: number): readonly [ErrorCode, number] {
  if (status === 401 || status === 403) return ['policy.unauthorised', 502];
  if (status === 429) return ['gateway.overloaded', 429];
  if (status === 503 || status === 529) return ['gateway.overloaded', 503];
  if (status === 408 || status === 504) return ['gateway.upstream_failed', 504];
  if (status >= 400 && status < 500) return ['gateway.bad_request', status === 413 ? 413 : 400];
  return ['gateway.upstream_failed', 502];
}

/** An error in the middle of a stream, or in an answer that called itself a success. */
export function inBandFailure(error: unknown): Failure {
  const read = nested.safeParse(error).data;
  const code = typeof read?.code === 'number' ? read.code : Number(read?.code);
  const status = Number.isInteger(code) && code >= 400 && code < 600 ? code : 500;
  return upstreamFailure(status, { error: read ?? (typeof error === 'string' ? error : 'without a reason') });
}
