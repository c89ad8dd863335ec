// A rollout's budget, from its credential and what it has used. Pure: capture asks before every new generation.
import { AnnealError, ERRORS } from '../contracts/errors.ts';
import type { BoundMet } from '../contracts/session.ts';
import type { CredentialClaims } from '../contracts/trajectory.ts';
import type { Flight } from './flights.ts';
import type { Tally } from './pool/completions.ts';

/** An abort costs the engine work but gives no answer: it is no request, yet not free for ever. */
const ABORTS_PER_REQUEST = 16;

type Asked = Pick<Flight, 'maxTokens' | 'refused' | 'startedAt'>;

/** When the rollout's first request came, answered or not; now, if it is to come. */
export function beganAt({ startedAt }: Tally, flights: Iterable<Asked>, now = Date.now()): number {
  let began = startedAt ?? now;
  for (const flight of flights) began = Math.min(began, flight.startedAt ?? began);
  return began;
}

/**
 * Requests count when they were answered or are in flight; repeats of an answered one are free, and so are failures of the
 * policy server. Tokens are completion tokens; a request in flight counts with all it may still produce, so that the limit
 * is never passed. Time is counted from the first request on, answered or not.
 * @param maxTokens undefined: the request set no bound
 * @returns how many tokens it may have; undefined where nothing bounds them
 * @throws AnnealError `gateway.budget_exhausted`
 */
export function requireBudget(
  claims: Pick<CredentialClaims, 'maxRequests' | 'maxTokens' | 'maxSeconds'>,
  used: Tally,
  flights: Iterable<Asked>,
  maxTokens: number | undefined,
  now = Date.now(),
): number | undefined {
  let [flying, reserved] = [0, 0];
  let began = used.startedAt ?? now;
  for (const flight of flights) {
    began = Math.min(began, flight.startedAt ?? began);
    if (flight.refused === true) continue;
    flying += 1;
    reserved += flight.maxTokens;
  }
  if (claims.maxSeconds !== undefined && now - began >= claims.maxSeconds * 1000) throw outOfTime(claims.maxSeconds);
  if (claims.maxRequests !== undefined) {
    if (used.answered + flying >= claims.maxRequests || used.aborts >= claims.maxRequests * ABORTS_PER_REQUEST) {
      throw exhausted('requests', `all ${claims.maxRequests} requests of the rollout are used`);
    }
  }
  if (claims.maxTokens === undefined) return undefined;
  const left = claims.maxTokens - used.tokens - reserved;
  if ((maxTokens ?? 1) > left) {
    const asked = maxTokens === undefined ? 'any' : maxTokens;
    throw exhausted('tokens', `${Math.max(0, left)} of ${claims.maxTokens} tokens are left, ${asked} were asked for`);
  }
  return left;
}

/** Also told where an answer is broken off. */
export const outOfTime = (maxSeconds: number): AnnealError =>
  exhausted('time', `the ${maxSeconds} s of the rollout are over`);

/** Whoever is refused is told by which bound: its harness ends by it. */
export function exhausted(bound: BoundMet, message: string): AnnealError {
  const code = 'gateway.budget_exhausted';
  return new AnnealError(code, message, {
    problems: [{ code, path: bound, expected: message, hint: ERRORS[code].action }],
  });
}
