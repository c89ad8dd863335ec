// One HTTP request to an upstream over kept-alive connections, its answer handed on as it comes. By undici's dispatcher: a request of
// node:http costs the gateway three times as much.
import { channel } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';
import { ENGINE_CALLS, type EngineCall, type EngineCallMessage } from '../../contracts/engine-call.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { ConnectionFailure } from '../engine-http.ts';

export interface Receiver {
  head(status: number, headers: IncomingHttpHeaders, flow: Flow): void;
  data(chunk: Buffer): void;
}

export interface Flow {
  /** Lets the server wait while the client does not keep up. */
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
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly text: string;
}

export interface Transport {
  /** @throws ConnectionFailure or LateFailure where no answer began; rejects with the signal's reason when aborted before that. */
  send(outgoing: Outgoing, signal: AbortSignal, receiver: Receiver): Promise<BodyEnd>;
  close(): Promise<void>;
}

/** No answer began in time. */
export class LateFailure extends AnnealError {}

const calls = channel(ENGINE_CALLS);

/** The server closed an idle connection just as it was used again. */
const STALE = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export interface TransportOptions {
  /** To one server at a time; more wait. */
  readonly connections: number;
  /** Until an answer begins, and between two pieces of it. */
  readonly timeoutMs: number;
}

export function createTransport({ connections, timeoutMs }: TransportOptions): Transport {
  const agent = new Agent({
    ...{ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: timeoutMs } },
    // Prompts are not small, and no server of models closes sooner.
    ...{ keepAliveTimeout: 4_000, maxHeaderSize: 64 << 10 },
  });

  function once({ origin, path, headers, text }: Outgoing, signal: AbortSignal, receiver: Receiver): Promise<BodyEnd> {
    return new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined;
      let ended: BodyEnd | undefined;
      let begun = false;
      let late = false;

      /** Of one read from the connection: handed on together, since what is done with a piece takes as long as with ten. */
      let pieces: Buffer[] = [];

      const hand = (): void => {
        const [first] = pieces;
        if (first === undefined || ended !== undefined) return;
        const all = pieces.length === 1 ? first : Buffer.concat(pieces);
        pieces = [];
        receiver.data(all);
      };
      const call: EngineCall = { path, status: 0 };
      const tell = (phase: EngineCallMessage['phase']): void => {
        if (calls.hasSubscribers) calls.publish({ call, phase } satisfies EngineCallMessage);
      };
      const settle = (): void => {
        hand();
        tell('ended');
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => controller?.abort(GIVEN_UP);
      const timer = setTimeout(() => {
        late = true;
        if (controller === undefined) fail(GIVEN_UP);
        else controller.abort(GIVEN_UP);
      }, timeoutMs);
      const fail = (failure: Error): void => {
        settle();
        const why = late ? `nothing came within ${timeoutMs} ms` : failure.message;
        if (ended !== undefined) resolve(ended);
        else if (begun) resolve({ how: late ? 'late' : 'broken', why });
        else if (signal.aborted) reject(signal.reason);
        else if (late) reject(new LateFailure('gateway.upstream_failed', `${origin}${path}: ${why}`));
        else reject(new ConnectionFailure('gateway.upstream_failed', `${origin}${path}: ${why}`, { cause: failure }));
      };
      const flow: Flow = {
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        stop() {
          ended = { how: 'ended' };
          controller?.abort(GIVEN_UP);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      tell('asked');
      agent.dispatch(
        { origin, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text },
        {
          onRequestStart(given) {
            controller = given;
            tell('sent');
            if (signal.aborted || late) given.abort(GIVEN_UP);
          },
          onResponseStart(_, status, answered) {
            if (status < 200) return;
            begun = true;
            call.status = status;
            timer.refresh();
            receiver.head(status, answered as IncomingHttpHeaders, flow);
          },
          onResponseData(_, chunk) {
            timer.refresh();
            pieces.push(chunk);
            if (pieces.length === 1) queueMicrotask(hand);
          },
          onResponseEnd() {
            settle();
            resolve(ended ?? { how: 'ended' });
          },
          onResponseError: (_, failure) => fail(failure),
        },
      );
    });
  }

  return {
    async send(outgoing, signal, receiver) {
      signal.throwIfAborted();
      try {
        return await once(outgoing, signal, receiver);
      } catch (failure) {
        const cause = failure instanceof ConnectionFailure ? (failure.cause as NodeJS.ErrnoException) : undefined;
        if (!STALE.has(cause?.code ?? '')) throw failure;
        // Nothing was answered, so it is sent anew.
        return once(outgoing, signal, receiver);
      }
    },
    close: () => agent.destroy(),
  };
}

const GIVEN_UP = new Error('given up');
