// One HTTP request to an upstream over kept-alive connections, its answer handed on as it comes.
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainly,
} from 'node:http';
import { Agent as SecureAgent, request as securely } from 'node:https';
import { AnnealError } from '../../contracts/errors.ts';
import { ConnectionFailure } from '../engine-http.ts';

export interface Receiver {
  head(status: number, headers: IncomingHttpHeaders, flow: Flow): void;
  data(chunk: Buffer): void;
}

/** Lets the server wait while the client does not keep up. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Nothing more is wanted. */
  stop(): void;
}

/** How the answer's body came to its end. */
export type BodyEnd =
  | { readonly how: 'ended' }
  | { readonly how: 'late'; readonly why: string }
  | { readonly how: 'broken'; readonly why: string };

export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; undefined: a GET. */
  readonly text: string | undefined;
  /** Until the answer begins, and between two pieces of it; default: the transport's. */
  readonly timeoutMs?: number;
}

export interface Transport {
  /** @throws ConnectionFailure where no answer began: `late` of it says why. Rejects with the signal's reason when aborted before that. */
  send(outgoing: Outgoing, signal: AbortSignal, receiver: Receiver): Promise<BodyEnd>;
  close(): void;
}

export class LateFailure extends AnnealError {}

export function createTransport(options: { readonly connections: number; readonly timeoutMs: number }): Transport {
  const settings = { keepAlive: true, maxSockets: options.connections, scheduling: 'fifo' } as const;
  const agent = new Agent(settings);
  const secureAgent = new SecureAgent(settings);

  function once(outgoing: Outgoing, signal: AbortSignal, receiver: Receiver): Promise<BodyEnd> {
    const { url, text, timeoutMs = options.timeoutMs } = outgoing;
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      let late = false;
      let settled = false;

      const settle = (work: () => void): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        work();
      };
      const fail = (failure: Error): void =>
        settle(() => {
          const why = late ? `nothing came within ${timeoutMs} ms` : failure.message;
          if (answer !== undefined) resolve({ how: late ? 'late' : 'broken', why });
          else if (signal.aborted) reject(signal.reason);
          else if (request.reusedSocket && (failure as NodeJS.ErrnoException).code === 'ECONNRESET')
            reject(new StaleSocket());
          else if (late) reject(new LateFailure('gateway.upstream_failed', `${url}: ${why}`));
          else reject(new ConnectionFailure('gateway.upstream_failed', `${url}: ${why}`, { cause: failure }));
        });

      const length =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const isSecure = url.startsWith('https:');
      const request: ClientRequest = (isSecure ? securely : plainly)(
        url,
        {
          method: text === undefined ? 'GET' : 'POST',
          agent: isSecure ? secureAgent : agent,
          headers: { ...outgoing.headers, ...length },
        },
        (response) => {
          answer = response;
          const flow: Flow = {
            pause: () => void response.pause(),
            resume: () => void response.resume(),
            stop: () =>
              settle(() => {
                request.destroy();
                resolve({ how: 'ended' });
              }),
          };
          receiver.head(response.statusCode ?? 0, response.headers, flow);
          response.on('data', (chunk: Buffer) => {
            timer.refresh();
            if (!settled) receiver.data(chunk);
          });
          response.on('error', fail);
          response.on('end', () => settle(() => resolve({ how: 'ended' })));
          response.on('close', () => fail(new Error('the connection was closed')));
        },
      );
      const abort = (): void => void request.destroy();
      const timer = setTimeout(() => {
        late = true;
        request.destroy(new Error('late'));
      }, timeoutMs);
      request.on('error', fail);
      signal.addEventListener('abort', abort, { once: true });
      request.end(text);
    });
  }

  return {
    async send(outgoing, signal, receiver) {
      for (;;) {
        signal.throwIfAborted();
        try {
          return await once(outgoing, signal, receiver);
        } catch (failure) {
          // The server closed an idle connection just as it was used again: nothing was answered, so it is sent anew.
          if (!(failure instanceof StaleSocket)) throw failure;
        }
      }
    },
    close() {
      agent.destroy();
      secureAgent.destroy();
    },
  };
}

class StaleSocket extends Error {}
