// One HTTP call to a server on loopback, its failures named by who did not answer.
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** The code of a failure to connect, and of a connection that broke. */
  readonly unreachable: ErrorCode;
  /** The code when nothing came within `timeoutMs`. */
  readonly late: ErrorCode;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Sends the call, once more if the connection broke (each of our calls is idempotent; a kept-alive connection may have been
 * closed by the other side just now).
 * @throws AnnealError with the call's codes; the caller's `signal.reason` unchanged when it was aborted.
 */
export async function send(call: Call): Promise<Answer> {
  const timeout = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
  const init = {
    method: call.method,
    headers: { ...call.headers, ...(call.body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    signal,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(call.url, init);
      return { status: response.status, text: await response.text() };
    } catch (failure) {
      call.signal?.throwIfAborted();
      if (timeout.aborted) {
        throw new AnnealError(call.late, `${call.url}: no answer within ${call.timeoutMs} ms`, { cause: failure });
      }
      if (attempt < 2) continue;
      const { message, cause } = failure as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new AnnealError(call.unreachable, `${call.url}: ${why}`, { cause: failure });
    }
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
