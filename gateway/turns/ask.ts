// Asking a server for one turn: how its answer came, and what it was, whatever the server did.
import type { IncomingHttpHeaders } from 'node:http';
import { AnnealError } from '../../contracts/errors.ts';
import type { TurnEnd } from '../../contracts/turn.ts';
import { WEIGHTS_HEADER } from '../../contracts/weight-update.ts';
import type { TurnAnswer, TurnEvent } from '../wire/turn.ts';
import { type Failure, upstreamFailure } from '../wire/upstream/failure.ts';
import {
  ANSWER_LIMIT,
  createStreamReader,
  type Piece,
  readUpstreamAnswer,
  type StreamReader,
  type StreamReport,
} from '../wire/upstream/read.ts';
import type { UpstreamCall } from '../wire/upstream/request.ts';
import type { TokenTrace } from '../wire/upstream/tokens.ts';
import type { TurnReaderOptions } from '../wire/upstream/turn-reader.ts';
import type { TurnServer } from './server.ts';
import { type Flow, LateFailure, type Transport } from './transport.ts';

export interface Question {
  readonly server: TurnServer;
  readonly call: UpstreamCall;
  readonly reading: TurnReaderOptions;
  readonly signal: AbortSignal;
  /** Of a stream: what has come now. */
  readonly onPieces: (pieces: readonly Piece[], reader: StreamReader, flow: Flow) => void;
}

export type Asked =
  | {
      readonly how: 'whole';
      readonly answer: TurnAnswer;
      /** The body as it came. */
      readonly text: string;
      readonly tokens: TokenTrace;
      readonly absurdUsage: boolean;
    }
  /** `last` are the events after those that `onPieces` got: with a `finish`, or an `error`. */
  | {
      readonly how: 'streamed';
      readonly last: readonly TurnEvent[];
      readonly report: StreamReport;
      readonly end: TurnEnd;
    }
  | { readonly how: 'failed'; readonly failure: Failure; readonly end: TurnEnd; readonly retryAfter?: string };

/** @throws ConnectionFailure where no server answered; the signal's reason when aborted before an answer began. */
export async function askTurn(
  transport: Transport,
  { server, call, reading, signal, onPieces }: Question,
): Promise<Asked> {
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let flow: Flow | undefined;
  let reader: StreamReader | undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  const outgoing = {
    ...{ origin: server.origin, path: server.base + call.path },
    ...{ headers: server.headers, text: JSON.stringify(call.body) },
  };
  const receiver = {
    head(answered: number, having: IncomingHttpHeaders, controls: Flow) {
      [status, headers, flow] = [answered, having, controls];
      const isStream = headers['content-type']?.includes('json') !== true;
      if (status === 200 && call.streamed && isStream && isExpected(server, headers))
        reader = createStreamReader(reading);
    },
    data(chunk: Buffer) {
      if (reader !== undefined) {
        onPieces(reader.push(chunk), reader, flow!);
        // What follows the last message is nobody's; [DONE] is mostly the end, and keeps the connection.
        if (reader.over && reader.report().end !== 'done') flow!.stop();
        return;
      }
      size += chunk.length;
      if (size <= ANSWER_LIMIT) chunks.push(chunk);
      else flow!.stop();
    },
  };
  let end: Awaited<ReturnType<Transport['send']>>;
  try {
    end = await transport.send(outgoing, signal, receiver);
  } catch (failure) {
    if (!(failure instanceof LateFailure)) throw failure;
    return { how: 'failed', failure: { type: 'error', error: failure, status: 504 }, end: 'late' };
  }
  if (reader !== undefined) return endOfStream(reader, end);
  if (end.how !== 'ended') return failed(`the answer broke off: ${end.why}`, end.how, end.how === 'late' ? 504 : 502);
  if (size > ANSWER_LIMIT) return failed(`the answer is longer than ${ANSWER_LIMIT} bytes`, 'oversized');
  const text = Buffer.concat(chunks).toString('utf8');
  if (status === 409 && server.weights !== undefined) return otherWeights(server, 'refuses');
  if (status === 200 && !isExpected(server, headers)) return otherWeights(server, 'does not say that it used');
  return wholeAnswer(status, text, headers['retry-after'], reading);
}

function wholeAnswer(status: number, text: string, retryAfter: string | undefined, reading: TurnReaderOptions): Asked {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // undefined: said below where it was a success, and of no interest where it was none.
  }
  if (status !== 200) {
    const failure = upstreamFailure(status, body);
    return { how: 'failed', failure, end: 'refused', ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  if (text.trim() === '') return failed('the server answered with nothing', 'empty');
  if (body === undefined) return failed('the server answered without JSON', 'malformed');
  const read = readUpstreamAnswer(status, body, reading);
  if (read.ok) {
    return { how: 'whole', answer: read.answer, text, tokens: read.tokens, absurdUsage: read.absurdUsage };
  }
  const told = typeof body === 'object' && body !== null && 'error' in body && body.error != null;
  return { how: 'failed', failure: read.failure, end: told ? 'failed' : 'malformed' };
}

function endOfStream(reader: StreamReader, end: Awaited<ReturnType<Transport['send']>>): Asked {
  const last =
    end.how === 'ended'
      ? reader.end()
      : [
          ...reader.broke(
            end.how === 'late' ? end.why : `the connection to the server broke: ${end.why}`,
            end.how === 'late' ? 504 : 502,
          ),
          ...reader.end(),
        ];
  const report = reader.report();
  const how: TurnEnd =
    report.end === 'broken' && end.how === 'late' ? 'late' : report.bytes === 0 ? 'empty' : report.end;
  return { how: 'streamed', last, report, end: how };
}

const isExpected = ({ weights }: TurnServer, headers: IncomingHttpHeaders): boolean =>
  weights === undefined || headers[WEIGHTS_HEADER] === weights;

function otherWeights({ origin, weights }: TurnServer, how: string): Asked {
  const error = new AnnealError('policy.version_mismatch', `${origin} ${how} the weights ${weights}`);
  return { how: 'failed', failure: { type: 'error', error, status: 503 }, end: 'refused' };
}

function failed(message: string, end: TurnEnd, status = 502): Asked {
  return {
    how: 'failed',
    failure: { type: 'error', error: new AnnealError('gateway.upstream_failed', message), status },
    end,
  };
}
