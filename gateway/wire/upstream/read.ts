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

export interface UpstreamStream {
  readonly events: AsyncGenerator<TurnEvent, void, undefined>;
  /** Of what has been read so far; final once `events` has ended. */
  report(): StreamReport;
}

export const ANSWER_LIMIT = 64 << 20;

export function readUpstreamStream(
  source: AsyncIterable<Uint8Array>,
  options: TurnReaderOptions,
  limit: number = ANSWER_LIMIT,
): UpstreamStream {
  const parser = createSseParser(limit);
  const reader = createTurnReader(options);
  let bytes = 0;
  let end: StreamEnd = 'truncated';
  let ended = false;

  /** `[DONE]` ends it, whatever may follow. */
  function* read(messages: readonly { readonly data: string }[]): Generator<TurnEvent> {
    for (const { data } of messages) {
      if (ended) return;
      if (data.trim() === '[DONE]') {
        end = 'done';
        ended = true;
        return;
      }
      const value = parseJson(data);
      yield* value === undefined ? stop('malformed', 'the server sent an event that is no JSON') : reader.chunk(value);
      if (reader.failed && !ended) {
        ended = true;
        end = isError(value) ? 'failed' : 'malformed';
      }
    }
  }

  function stop(how: StreamEnd, message: string): TurnEvent[] {
    ended = true;
    end = how;
    return [{ type: 'error', error: new AnnealError('gateway.upstream_failed', message), status: 502 }];
  }

  async function* events(): AsyncGenerator<TurnEvent, void, undefined> {
    try {
      for await (const piece of source) {
        bytes += piece.length;
        yield* read(parser.push(piece));
        if (!ended && (bytes > limit || parser.overflowed))
          yield* stop('oversized', `the answer is longer than ${limit} bytes`);
        if (ended) break;
      }
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      if (!ended) yield* stop('broken', `the connection to the server broke: ${why}`);
    }
    if (!ended) {
      const rest = parser.end();
      yield* read(rest.messages);
      if (!ended) end = reader.finished ? 'finished' : rest.cutOff ? 'cut' : 'truncated';
    }
    if (end === 'done' || end === 'finished' || end === 'cut' || end === 'truncated') {
      yield* reader.end(end === 'done' ? 'the server ended its answer without a reason' : 'the answer broke off');
      if (reader.failed && end === 'done') end = 'malformed';
    }
  }

  return {
    events: events(),
    report: () => ({
      ...{ end, bytes, comments: parser.comments },
      absurdUsage: reader.absurdUsage,
      tokens: reader.tokens(),
    }),
  };
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
