// A rollout's budget, from its credential and what it has used. Pure: capture asks before every new generation.
import { AnnealError } from '../contracts/errors.ts';
import type { CredentialClaims } from '../contracts/trajectory.ts';
import type { CompletionEntry } from './pool/completions.ts';

/** An abort costs the engine work but gives no answer: it is no request, yet not free for ever. */
const ABORTS_PER_REQUEST = 16;

/**
 * Requests count when they were answered or are in flight; repeats of an answered one are free, and so are failures of the
 * policy server. Tokens are completion tokens; a request in flight counts with all it may still produce, so that the limit
 * is never passed.
 * @throws AnnealError `gateway.budget_exhausted`
 */
export function requireBudget(
  claims: Pick<CredentialClaims, 'maxRequests' | 'maxTokens'>,
  entries: readonly CompletionEntry[],
  flights: readonly { readonly maxTokens: number }[],
  maxTokens: number,
): void {
  const answered = entries.filter((entry) => entry.usable);
  if (claims.maxRequests !== undefined) {
    const aborts = entries.filter((entry) => entry.aborted).length;
    if (answered.length + flights.length >= claims.maxRequests || aborts >= claims.maxRequests * ABORTS_PER_REQUEST) {
      throw exhausted(`all ${claims.maxRequests} requests of the rollout are used`);
    }
  }
  if (claims.maxTokens === undefined) return;
  const used = answered.reduce((sum, entry) => sum + entry.tokens, 0);
  const reserved = flights.reduce((sum, flight) => sum + flight.maxTokens, 0);
  const left = claims.maxTokens - used - reserved;
  if (maxTokens > left)
    throw exhausted(`${Math.max(0, left)} of ${claims.maxTokens} tokens are left, ${maxTokens} were asked for`);
}

function exhausted(message: string): AnnealError {
  return new AnnealError('gateway.budget_exhausted', message);
}
