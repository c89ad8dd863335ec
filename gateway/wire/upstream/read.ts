// Reading what an OpenAI-compatible server sends, however it sends it, and saying how it ended.
import { AnnealError } from '../../../contracts/errors.ts';
import { createCollector } from '../events.ts';
import { createSseParser } from '../sse.ts';
import type { TurnAnswer, TurnEvent } from '../turn.ts';
import { type Failure, upstreamFailure } from './failure.ts';
import type { TokenTrace } from './tokens.ts';
import { createTurnReader, type TurnReaderOptions } from './turn-reader.ts';

/**
 * `done`: with [DONE]. `finished`: with a reason, but without [DONE]. `truncated`: between two frames; `cut`: inside one; `broken`: the
 * connection failed. `malformed`: in a form that nobody knows. `failed`: the server itself told of an error. `oversized`: too long.
 */
export type StreamEnd = 'done' | 'finished' | 'truncated' | 'cut' | 'broken' | 'malformed' | 'failed' | 'oversized';

export interface StreamReport {
  readonly end: StreamEnd;
  readonly bytes: number;
  /** Comment lines, by which servers keep connections alive. */
  readonly comments: number;
  readonly absurdUsage: boolean;
  readonly tokens: TokenTrace;
}

/** One message of a stream. */
export interface Piece {
  /** As it came. */
  readonly data: string;
  readonly value: unknown;
  /** An `error` is the last event that comes. */
  readonly events: readonly TurnEvent[];
}

export interface StreamReader {
  push(bytes: Uint8Array): readonly Piece[];
  /** The connection ended: the last events, of which a whole answer has `finish`. */
  end(): readonly TurnEvent[];
  /** It failed instead. */
  broke(message: string, status?: number): readonly TurnEvent[];
  /** Nothing more needs to be read. */
  readonly over: boolean;
  /** The server has told why the answer ends. */
  readonly finished: boolean;
  report(): StreamReport;
}

export const ANSWER_LIMIT = 64 << 20;

export function createStreamReader(options: TurnReaderOptions, limit: number = ANSWER_LIMIT): StreamReader {
  const parser = createSseParser(limit);
  const reader = createTurnReader(options);
  let bytes = 0;
  let end: StreamEnd = 'truncated';
  let over = false;

  function stop(how: StreamEnd, message: string, status = 502): TurnEvent[] {
    over = true;
    end = how;
    return [{ type: 'error', error: new AnnealError('gateway.upstream_failed', message), status }];
  }

  function readOne(data: string): Piece {
    const value = parseJson(data);
    if (value === undefined) {
      return { data, value, events: stop('malformed', 'the server sent an event that is no JSON') };
    }
    const events = reader.chunk(value);
    if (reader.failed) {
      over = true;
      end = isError(value) ? 'failed' : 'malformed';
    }
    return { data, value, events };
  }

  /** `[DONE]` ends it, whatever may follow. */
  function readAll(messages: readonly { readonly data: string }[]): Piece[] {
    const pieces: Piece[] = [];
    for (const { data } of messages) {
      if (over) break;
      if (data.trim() === '[DONE]') [end, over] = ['done', true];
      else pieces.push(readOne(data));
    }
    return pieces;
  }

  return {
    push(some) {
      bytes += some.length;
      const pieces = readAll(parser.push(some));
      if (over || (bytes <= limit && !parser.overflowed)) return pieces;
      const events = stop('oversized', `the answer is longer than ${limit} bytes`);
      return [...pieces, { data: '', value: undefined, events }];
    },
    end() {
      const events: TurnEvent[] = [];
      if (!over) {
        const rest = parser.end();
        events.push(...readAll(rest.messages).flatMap((piece) => piece.events));
        if (!over) end = reader.finished ? 'finished' : rest.cutOff ? 'cut' : 'truncated';
      }
      over = true;
      if (end === 'done' || end === 'finished' || end === 'cut' || end === 'truncated') {
        events.push(
          ...reader.end(end === 'done' ? 'the server ended its answer without a reason' : 'the answer broke off'),
        );
        if (reader.failed && end === 'done') end = 'malformed';
      }
      return events;
    },
    broke: (message, status) => (over ? [] : stop('broken', message, status)),
    get over() {
      return over;
    },
    get finished() {
      return reader.finished;
    },
    report: () => ({
      ...{ end, bytes, comments: parser.comments },
      absurdUsage: reader.absurdUsage,
      tokens: reader.tokens(),
    }),
  };
}

export interface UpstreamStream {
  readonly events: AsyncGenerator<TurnEvent, void, undefined>;
  /** Of what has been read so far; final once `events` has ended. */
  report(): StreamReport;
}

export function readUpstreamStream(
  source: AsyncIterable<Uint8Array>,
  options: TurnReaderOptions,
  limit: number = ANSWER_LIMIT,
): UpstreamStream {
  const reader = createStreamReader(options, limit);

  async function* events(): AsyncGenerator<TurnEvent, void, undefined> {
    try {
      for await (const some of source) {
        for (const piece of reader.push(some)) yield* piece.events;
        if (reader.over) break;
      }
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      yield* reader.broke(`the connection to the server broke: ${why}`);
    }
    yield* reader.end();
  }

  return { events: events(), report: reader.report };
}

const isError = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'error' in value && value.error != null;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type WholeAnswer =
  | { readonly ok: true; readonly answer: TurnAnswer; readonly tokens: TokenTrace; readonly absurdUsage: boolean }
  | { readonly ok: false; readonly failure: Failure };

/** A whole answer; `body` is undefined where it was no JSON. */
export function readUpstreamAnswer(status: number, body: unknown, options: TurnReaderOptions): WholeAnswer {
  if (status !== 200) return { ok: false, failure: upstreamFailure(status, body) };
  const reader = createTurnReader(options);
  const collector = createCollector();
  for (const event of [...reader.chunk(body), ...reader.end('the server answered without an ending')]) {
    if (event.type === 'error') return { ok: false, failure: event };
    collector.push(event);
  }
  const { finish = 'stop', ...answer } = collector.answer();
  return { ok: true, answer: { ...answer, finish }, tokens: reader.tokens(), absurdUsage: reader.absurdUsage };
}
