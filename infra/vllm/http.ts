// One HTTP call to a vLLM server. Not by fetch: that gives up after five minutes without an answer, and loading weights takes longer.
import { type IncomingMessage, request as plain } from 'node:http';
import { request as encrypted } from 'node:https';

export interface VllmCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface VllmAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** undefined when it is no JSON. */
  readonly body: unknown;
  /** The start of what was answered, for messages. */
  readonly text: string;
}

/** There was no whole answer: whether the call was carried out is not known. */
export class NoAnswer extends Error {
  /** Somebody took the call, and the time ran out: who is there may be at work. */
  readonly wasTaken: boolean;

  constructor(message: string, wasTaken: boolean, options?: ErrorOptions) {
    super(message, options);
    this.wasTaken = wasTaken;
  }
}

const ANSWER_LIMIT = 64 << 20;

/** Sent once: most of these calls must not be repeated blindly. @throws NoAnswer; the signal's reason when it was aborted. */
export async function callVllm(call: VllmCall): Promise<VllmAnswer> {
  const timeout = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
  const taken = { isTaken: false };
  try {
    return await exchange(call, signal, taken);
  } catch (failure) {
    call.signal?.throwIfAborted();
    const why = timeout.aborted ? `no answer within ${call.timeoutMs} ms` : (failure as Error).message;
    throw new NoAnswer(`${call.url}: ${why}`, timeout.aborted && taken.isTaken, { cause: failure });
  }
}

function exchange(call: VllmCall, signal: AbortSignal, taken: { isTaken: boolean }): Promise<VllmAnswer> {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers = {
    ...call.headers,
    // FastAPI refuses a POST without a length.
    ...(call.method === 'POST' ? { 'content-length': Buffer.byteLength(text ?? '') } : {}),
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const send = call.url.startsWith('https:') ? encrypted : plain;
  return new Promise((resolve, reject) => {
    const request = send(call.url, { method: call.method, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_LIMIT) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, body: parse(answer), text: answer.slice(0, 400) });
      });
    });
    request.on('error', reject);
    request.on('socket', (socket) => {
      socket.once('connect', () => {
        taken.isTaken = true;
      });
    });
    request.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
