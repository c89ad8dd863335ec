// Names what an API server, or the way to it, did.
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';
import type { Ask } from './request.ts';

/** Any status that no caller accepted. The server's own words are kept: they name the field, the right, the quota. */
export function answerFailure(ask: Ask, status: number, text: string): AnnealError {
  const said = messageOf(text) ?? text.slice(0, 300);
  return new AnnealError(codeOf(status, said), `${ask.method} ${ask.path}: ${said} (HTTP ${status})`);
}

function codeOf(status: number, said: string): ErrorCode {
  switch (status) {
    case 401:
      return 'cluster.unauthenticated';
    case 403:
      // A namespace that is being deleted, or whose quota is used up, also answers 403.
      return /exceeded quota/.test(said) ? 'cluster.quota' : 'cluster.denied';
    case 404:
      return /page not found|could not find the requested resource/.test(said)
        ? 'cluster.missing_crd'
        : 'cluster.not_found';
    case 400:
    case 409:
    case 422:
      return 'cluster.rejected';
    default:
      return status === 429 || status >= 500 ? 'cluster.unavailable' : 'cluster.rejected';
  }
}

/** A request that got no answer. */
export function connectionFailure(failure: unknown, doing: string): AnnealError {
  if (failure instanceof AnnealError) return failure;
  const cause = failure instanceof Error && failure.cause instanceof Error ? failure.cause : failure;
  const how = cause instanceof Error ? cause.message : String(cause);
  return new AnnealError('cluster.unavailable', `${doing}: ${how}`, { cause: failure });
}

export const isPassing = (failure: AnnealError): boolean => failure.code === 'cluster.unavailable';

/** The message of a `Status` object. */
function messageOf(text: string): string | undefined {
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status !== 'object' || status === null || !('message' in status)) return undefined;
    return typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return undefined;
  }
}
