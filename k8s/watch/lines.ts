// The lines of a body as they come, with an end to every silence: a socket that is open on our side only says nothing for ever.
import { AnnealError } from '../../contracts/errors.ts';
import { connectionFailure } from '../cluster/failure.ts';
import type { Ask, Cluster } from '../cluster/request.ts';

export interface Patience {
  /** From the request to the head of its answer. */
  readonly answerMs: number;
  /** Between two pieces of the body, which then counts as ended. Time in which nobody asks for the next line does not count. */
  readonly silenceMs: number;
  /** Characters; what a line has beyond is thrown away, so that memory stays bounded. */
  readonly longestLine: number;
}

export interface Line {
  readonly text: string;
  /** False for what stood after the last line break of a body that ended. */
  readonly whole: boolean;
}

/**
 * Ends with the body, which says nothing of why: a server in between ends a body as if it were whole when its own source breaks off. Ends
 * also after a silence, which may be that of a dead connection, and by the signal.
 * @throws AnnealError `cluster.*` for another status than 2xx, no answer, a broken connection
 */
export async function* readLines(
  cluster: Cluster,
  ask: Ask,
  patience: Patience,
  signal: AbortSignal,
): AsyncGenerator<Line> {
  const stop = new AbortController();
  let isSilent = false;
  const within = async <T>(limitMs: number, work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => {
      isSilent = true;
      stop.abort();
    }, limitMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  };
  const doing = `${ask.method} ${ask.path} at ${cluster.server}`;
  let isAnswered = false;
  try {
    const { body } = await within(patience.answerMs, cluster.open(ask, AbortSignal.any([signal, stop.signal])));
    isAnswered = true;
    const pieces = body[Symbol.asyncIterator]();
    const cut = createCutter(patience.longestLine);
    for (;;) {
      const piece = await within(patience.silenceMs, pieces.next());
      if (piece.done === true) break;
      for (const text of cut.lines(piece.value)) yield { text, whole: true };
    }
    const rest = cut.rest();
    if (rest !== '') yield { text: rest, whole: false };
  } catch (failure) {
    if (signal.aborted || (isSilent && isAnswered)) return;
    if (isSilent)
      throw new AnnealError('cluster.unavailable', `${doing}: no answer within ${patience.answerMs / 1000} s`);
    throw connectionFailure(failure, doing);
  } finally {
    stop.abort();
  }
}

/** Pieces of UTF-8 to lines, whatever the pieces' borders. */
export function createCutter(longest: number) {
  const decoder = new TextDecoder();
  let rest = '';
  /** What lies in `rest` before has no line break. */
  let searched = 0;
  return {
    *lines(piece: Uint8Array): Iterable<string> {
      rest += decoder.decode(piece, { stream: true });
      let start = 0;
      for (let end = rest.indexOf('\n', searched); end >= 0; end = rest.indexOf('\n', start)) {
        yield rest.slice(start, Math.min(end, start + longest));
        start = end + 1;
      }
      rest = rest.slice(start, start + longest);
      searched = rest.length;
    },
    rest(): string {
      rest += decoder.decode();
      return rest;
    },
  };
}
