// The little that the server needs around node:http: bodies in, JSON out, failures in OpenAI's shape.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AnnealError, ERRORS, type ErrorCode } from '../contracts/errors.ts';

/** Codes that a client of the gateway can meet, with their HTTP status; everything else is a 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'gateway.bad_request': 400,
  'gateway.unauthorised': 401,
  'gateway.budget_exhausted': 403,
  'gateway.loop': 403,
  'gateway.conflict': 409,
  'gateway.upstream_failed': 502,
  'policy.unauthorised': 502,
  'gateway.overloaded': 503,
  'stack.gateway_unavailable': 503,
  'stack.policy_unavailable': 503,
  'policy.version_mismatch': 503,
  'store.no_space': 507,
  'store.unavailable': 507,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500;
}

/** @throws AnnealError `gateway.bad_request` when it is longer than `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLong = (): AnnealError => new AnnealError('gateway.bad_request', `the body is longer than ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLong();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(tooLong());
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('aborted', () => reject(new AnnealError('gateway.bad_request', 'the body broke off')));
  });
}

/** @throws AnnealError `gateway.bad_request` when the body is longer than `limit` bytes or no JSON. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const body = await readBody(request, limit);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AnnealError('gateway.bad_request', 'the body is not JSON');
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const text = Buffer.from(JSON.stringify(body), 'utf8');
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length, ...headers });
  response.end(text);
}

/** `{error: {message, type, param, code}}` as OpenAI's clients expect it; `code` is ours. */
export function sendError(response: ServerResponse, error: AnnealError, status = statusOf(error.code)): void {
  const type =
    status === 401 || status === 403 ? 'permission_error' : status < 500 ? 'invalid_request_error' : 'server_error';
  const headers = {
    'x-should-retry': String(ERRORS[error.code].retryable),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    // The rest of a body that was refused half-read would be taken for the next request.
    ...(status === 400 ? { connection: 'close' } : {}),
  };
  const body = { error: { message: error.message, type, param: error.problems[0]?.path ?? null, code: error.code } };
  sendJson(response, status, body, headers);
}
