// One HTTP call to a server on loopback, its failures named by who did not answer. Connections are kept: a worker calls the gateway for
// every rollout, and fetch takes about three times the processor time that node:http does for it.
import { type IncomingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
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
  /** Not sent again when the connection broke: twice it would be two. */
  readonly once?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

const plain = new PlainAgent({ keepAlive: true });
const secure = new SecureAgent({ keepAlive: true });

/**
 * Sends the call, once more if the connection broke (each of our calls is idempotent; a kept-alive connection may have been
 * closed by the other side just now).
 * @throws AnnealError with the call's codes; the caller's `signal.reason` unchanged when it was aborted.
 */
export async function send(call: Call): Promise<Answer> {
  call.signal?.throwIfAborted();
  // Not AbortSignal.timeout: it is kept until its time has come, and there are thousands of calls within that.
  const stopping = new AbortController();
  const timer = setTimeout(() => stopping.abort(), call.timeoutMs);
  const stop = (): void => stopping.abort();
  call.signal?.addEventListener('abort', stop, { once: true });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(call, stopping.signal);
      } catch (failure) {
        call.signal?.throwIfAborted();
        if (stopping.signal.aborted) {
          throw new AnnealError(call.late, `${call.url}: no answer within ${call.timeoutMs} ms`, { cause: failure });
        }
        if (attempt < 2 && call.once !== true) continue;
        throw new AnnealError(call.unreachable, `${call.url}: ${(failure as Error).message}`, { cause: failure });
      }
    }
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', stop);
  }
}

function once({ method, url, headers, body, once: single }: Call, signal: AbortSignal): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const content =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const isSecure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const agent = single ? false : isSecure ? secure : plain;
    const options = { method, agent, headers: { ...headers, ...content }, signal };
    const request = (isSecure ? secureRequest : plainRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          ...{ status: response.statusCode ?? 0, headers: response.headers },
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end(text);
  });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
