// Failures in the vendors' own shapes, so that an unchanged SDK raises the class that its users catch.
import type { AnnealError } from '../../contracts/errors.ts';

/** `{error: {message, type, param, code}}`; `code` is ours. */
export function openaiError(error: AnnealError, status: number): { readonly error: object } {
  return { error: { message: error.message, type: openaiType(status), param: paramOf(error), code: error.code } };
}

/** What it is about: a member of the request, or the rollout's bound that is met. */
export const paramOf = ({ problems: [first] }: AnnealError): string | null =>
  first === undefined || first.path === '' ? null : first.path;

function openaiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

const ANTHROPIC: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** `{type: 'error', error: {type, message}}`; our code is where the SDK looks for a finer one, and beside it what it is about. */
export function anthropicError(error: AnnealError, status: number): object {
  const type = ANTHROPIC[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  const param = paramOf(error);
  const details = { error_code: error.code, ...(param === null ? {} : { error_param: param }) };
  return {
    type: 'error',
    error: { type, message: error.message, details },
    request_id: null,
  };
}
