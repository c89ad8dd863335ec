// The hot path: bytes in, the few records that are worth parsing out. A record is what stands between newlines and carriage returns
// (progress bars write thousands of the latter into one line); lines count newlines alone. Memory is one buffer.
import { type Automaton, automatonOf } from './automaton.ts';
import { WORDS } from './words.ts';

const NEWLINE = 10;
const RETURN = 13;
/** A longer record is given in pieces, all of them of the same line. */
export const MAX_RECORD = 64 * 1024;
const BUFFER = 4 * 1024 * 1024;
/** So much of each file is given whole: gaps in time and short logs are seen exactly. */
const WHOLE_BYTES = 2 * 1024 * 1024;
/** After that every so manieth record without a word is given for its time. */
const SAMPLE = 64;

/** A word that comes so often is what every line has; from then on one line in so many is given for it, unless it has a rarer one. */
const COMMON = 4000;
const COMMON_SAMPLE = 1024;

export interface RawRecord {
  readonly bytes: Buffer;
  readonly line: number;
  readonly offset: number;
  /** Records that were passed over since the last one that was given. */
  readonly skipped: number;
  /** It has one of the words. */
  readonly hit: boolean;
  readonly cut: boolean;
}

export interface Scanner {
  push(chunk: Uint8Array): void;
  /** Gives what is whole up to now, of a file that is still written. */
  settle(): void;
  end(): void;
  /** So many records from here on are given whatever they hold: the rest of a traceback. */
  watch(records: number): void;
  readonly lines: number;
  readonly bytes: number;
  /** The last byte was no newline. */
  readonly openEnd: boolean;
}

let shared: Automaton | undefined;

/** @param take gets a view of the scanner's own buffer: it is valid until it returns */
export function createScanner(take: (record: RawRecord) => void): Scanner {
  shared ??= automatonOf(WORDS, [NEWLINE, RETURN]);
  const { column, shift, next, hits, separator } = shared;
  const given = new Uint32Array(separator);
  const buffer = Buffer.allocUnsafe(BUFFER);
  let filled = 0;
  let base = 0;
  let line = 1;
  let skipped = 0;
  let watched = 0;
  let last = NEWLINE;

  function give(start: number, end: number, hit: boolean, cut: boolean): void {
    const due = hit || watched > 0 || base + start < WHOLE_BYTES || skipped >= SAMPLE;
    if (end === start) return;
    if (!due) {
      skipped += 1;
      return;
    }
    if (watched > 0) watched -= 1;
    take({ bytes: buffer.subarray(start, end), line, offset: base + start, skipped, hit, cut });
    skipped = 0;
  }

  function isDue(state: number): boolean {
    const times = given[state]! + 1;
    given[state] = times;
    return times <= COMMON || times % COMMON_SAMPLE === 0;
  }

  /** @param final whether what is left without a separator is a record */
  function scan(final: boolean): void {
    let start = 0;
    let at = 0;
    let state = 0;
    while (at < filled) {
      // Records without separators and words are rare, so their length is looked at where one of these comes, or here.
      const bound = Math.min(filled, start + MAX_RECORD);
      do state = next[(state << shift) + column[buffer[at++]!]!]!;
      while (state < hits && at < bound);
      if (state === separator) {
        give(start, at - 1, false, false);
        if (buffer[at - 1] === NEWLINE) line += 1;
        start = at;
        state = 0;
        continue;
      }
      const found = state >= hits && isDue(state);
      if (!found && at - start < MAX_RECORD) continue;
      let end = at;
      while (end < bound && buffer[end] !== NEWLINE && buffer[end] !== RETURN) end += 1;
      if (end === filled && !final && end - start < MAX_RECORD) break;
      const separated = end < filled && end - start < MAX_RECORD;
      give(start, end, found, !separated && end < filled);
      if (separated && buffer[end] === NEWLINE) line += 1;
      start = at = separated ? end + 1 : end;
      state = 0;
    }
    if (final && start < filled) {
      give(start, filled, false, false);
      start = filled;
    }
    buffer.copyWithin(0, start, filled);
    base += start;
    filled -= start;
  }

  return {
    push(chunk) {
      if (chunk.length > 0) last = chunk[chunk.length - 1]!;
      for (let from = 0; from < chunk.length; ) {
        const part = Math.min(chunk.length - from, BUFFER - filled);
        buffer.set(chunk.subarray(from, from + part), filled);
        filled += part;
        from += part;
        // Little by little would scan the beginning of an unfinished record again and again.
        if (filled >= BUFFER / 2) scan(false);
      }
    },
    settle: () => scan(false),
    end: () => scan(true),
    watch(records) {
      watched = Math.max(watched, records);
    },
    get lines() {
      return line - (last === NEWLINE ? 1 : 0);
    },
    get bytes() {
      return base + filled;
    },
    get openEnd() {
      return last !== NEWLINE;
    },
  };
}
