// The answer on its way to the client: what has been sent, its hash, and whether anything has.
import { createHash, hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ERRORS } from '../../contracts/errors.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import type { Dialect } from '../wire/dialects.ts';
import type { Failure } from '../wire/upstream/failure.ts';

export interface Reply {
  /** Frames of a stream; false when the client does not keep up, until `drained`. */
  write(frames: string): boolean;
  /** Frames that are ready, and not to be sent yet: the hash of everything with them. */
  seal(frames: string): Sha256;
  /** Ends the stream with what was sealed. */
  end(frames: string): void;
  whole(text: string): void;
  /** As the dialect tells it: with a status where nothing has been sent yet, else inside the stream. */
  fail(failure: Failure, inStream: () => string, retryAfter?: string): void;
  /** Keeps a stream alive that has nothing to say yet. */
  wait(): void;
  readonly begun: boolean;
}

export const hashOf = (bytes: string | Uint8Array): Sha256 => hash('sha256', bytes) as Sha256;

export function createReply(
  response: ServerResponse,
  dialect: Dialect,
  headers: Readonly<Record<string, string>>,
): Reply {
  const digest = createHash('sha256');

  function begin(): void {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...headers,
    });
  }

  function write(frames: string): boolean {
    if (frames === '') return true;
    begin();
    digest.update(frames);
    return response.destroyed || response.write(frames);
  }

  return {
    write,
    seal: (frames) => digest.update(frames).digest('hex') as Sha256,
    end(frames) {
      begin();
      if (!response.destroyed) response.end(frames);
    },
    whole: (text) => sendText(response, 200, text, headers),
    fail(failure, inStream, retryAfter) {
      if (!response.headersSent) return sendFailure(response, dialect, failure, headers, retryAfter);
      if (!response.destroyed) response.end(inStream());
    },
    wait: () => void write(': waiting\n\n'),
    get begun() {
      return response.headersSent;
    },
  };
}

export function sendFailure(
  response: ServerResponse,
  dialect: Pick<Dialect, 'renderError'>,
  { error, status }: Pick<Failure, 'error' | 'status'>,
  headers: Readonly<Record<string, string>> = {},
  retryAfter: string | undefined = status === 503 ? '1' : undefined,
): void {
  sendText(response, status, JSON.stringify(dialect.renderError(error, status)), {
    ...headers,
    // Both vendors' SDKs ask it before they look at the status.
    'x-should-retry': String(ERRORS[error.code].retryable),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    // The rest of a body that was refused half-read would be taken for the next request.
    ...(status === 400 || status === 413 ? { connection: 'close' } : {}),
  });
}

function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed || response.headersSent) return;
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(text);
}
