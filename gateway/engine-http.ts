// JSON over kept-alive connections to the policy server and its engines.
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { AnnealError, type ErrorCode } from '../contracts/errors.ts';

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/** A failure before any answer arrived: the engine is gone, not unwilling. */
export class ConnectionFailure extends AnnealError {}

export interface JsonClient {
  /** @throws ConnectionFailure (`gateway.upstream_failed`) without an answer; rejects with the signal's reason when aborted. */
  call(
    method: 'GET' | 'POST',
    url: string,
    body: unknown,
    signal: AbortSignal,
    more?: Readonly<Record<string, string>>,
  ): Promise<JsonAnswer>;
  close(): void;
}

/** Whose fault an answer other than 200 is: the request's, the token's, else the engine's own. */
export function codeOfStatus(status: number): ErrorCode {
  if (status === 400) return 'gateway.bad_request';
  return status === 401 || status === 403 ? 'policy.unauthorised' : 'gateway.upstream_failed';
}

const ANSWER_LIMIT = 64 << 20;

export interface JsonClientOptions {
  readonly maxSockets: number;
  /** For one call, answer included. */
  readonly timeoutMs: number;
  /** Sent as bearer token. */
  readonly token?: string | undefined;
}

export function createJsonClient(options: JsonClientOptions): JsonClient {
  const authorisation = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const agent = new Agent({ keepAlive: true, maxSockets: options.maxSockets, scheduling: 'fifo' });

  function once(
    method: string,
    url: string,
    text: string | undefined,
    signal: AbortSignal,
    more: Readonly<Record<string, string>>,
  ): Promise<JsonAnswer> {
    return new Promise((resolve, reject) => {
      const content =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const headers = { ...authorisation, ...more, ...content };
      const request = send(url, { method, agent, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > ANSWER_LIMIT) response.destroy(new Error('the answer is too long'));
        });
        response.on('error', fail);
        response.on('end', () => {
          try {
            const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
            resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
          } catch {
            reject(new AnnealError('gateway.upstream_failed', `${url} answered ${response.statusCode} without JSON`));
          }
        });
      });
      function fail(failure: Error): void {
        const stale = request.reusedSocket && (failure as NodeJS.ErrnoException).code === 'ECONNRESET';
        reject(stale ? new StaleSocket() : failure);
      }
      request.on('error', fail);
      request.end(text);
    });
  }

  return {
    async call(method, url, body, caller, more = {}) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      caller.throwIfAborted();
      // Not AbortSignal.timeout: it is kept until its time has come, and there are thousands of calls within that.
      const stopping = new AbortController();
      const stop = (): void => stopping.abort();
      const timer = setTimeout(stop, options.timeoutMs);
      caller.addEventListener('abort', stop, { once: true });
      try {
        for (;;) {
          try {
            return await once(method, url, text, stopping.signal, more);
          } catch (failure) {
            caller.throwIfAborted();
            // The server closed an idle connection just as it was used again: nothing was answered, so it is sent anew.
            if (failure instanceof StaleSocket) continue;
            if (failure instanceof AnnealError) throw failure;
            const late = stopping.signal.aborted;
            const why = late ? `no answer within ${options.timeoutMs} ms` : (failure as Error).message;
            throw new ConnectionFailure('gateway.upstream_failed', `${url}: ${why}`, { cause: failure });
          }
        }
      } finally {
        clearTimeout(timer);
        caller.removeEventListener('abort', stop);
      }
    },
    close: () => agent.destroy(),
  };
}

class StaleSocket extends Error {}
