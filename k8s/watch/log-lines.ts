// The lines of a container's log, and what has been read of them. An API server takes a time of whole seconds from which to tell a log
// again, so what it tells begins with lines that were read before; which those are is decided here, without any effect.
import { hash } from 'node:crypto';

export interface LogLine {
  /** When the container wrote it: UTC with nine digits after the point, so that times compare as strings. */
  readonly at: string;
  readonly text: string;
}

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?/;

/** Undefined for what no container wrote: a kubelet tells its own troubles within the log, without a time. */
export function parseLogLine(text: string): LogLine | undefined {
  const match = STAMPED.exec(text);
  if (match === null) return undefined;
  const [stamp, seconds, fraction = '', zone] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return {
    at: `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`,
    text: text.slice(stamp.length),
  };
}

/**
 * A log is told from so long before its last line. Lines of one container lie in the order of their arrival, not of their times: what
 * goes to stdout and to stderr at once may be swapped, and clocks are set back. By more than this they must not be.
 */
const MARGIN_MS = 5_000;
/** Lines that are remembered; of what is older than these the time alone decides. */
const MOST_REMEMBERED = 50_000;

export interface Reading {
  /** From where to ask; undefined: from the start. */
  since(): string | undefined;
  /** A new answer begins. */
  begin(): void;
  /** Whether the answer's next line has not been read before. It counts as read once it is kept. */
  isNew(line: LogLine): boolean;
  keep(line: LogLine): void;
  /** The answer has told a line that was read before: it is the same log. */
  readonly recognised: boolean;
  /** The answer has told the last line that was read. */
  readonly reachedEnd: boolean;
  readonly kept: number;
}

/**
 * What was read is a beginning of the log, and an answer tells the log's end in the same order. So from the first line on that was not
 * read, all are new; and before, an answer's lines stand among those read in the same order, also when the first of them are gone
 * from the node with a rotated file.
 */
export function createReading(mostRemembered = MOST_REMEMBERED): Reading {
  let remembered: { readonly at: string; readonly print: string }[] = [];
  let from: string | undefined;
  /** What was read at this time or before may have been forgotten. */
  let forgotten = '';
  let next = 0;
  let caughtUp = true;
  let recognised = false;
  let kept = 0;

  /** Never back: what lies before has been forgotten. */
  function advance({ at }: LogLine): void {
    const earliest = new Date(Date.parse(`${at.slice(0, 19)}Z`) - MARGIN_MS).toISOString().slice(0, 19);
    if (from === undefined || `${earliest}Z` > from) from = `${earliest}Z`;
  }

  function forget(): void {
    const start = (from ?? '').slice(0, 19);
    const needed = remembered.filter(({ at }) => at >= start);
    const dropped = needed.splice(0, Math.max(0, needed.length - Math.floor(mostRemembered / 2)));
    for (const { at } of dropped) if (at > forgotten) forgotten = at;
    remembered = needed;
  }

  return {
    since: () => from,
    begin() {
      next = 0;
      caughtUp = kept === 0;
      recognised = false;
    },
    isNew(line) {
      if (caughtUp) return true;
      const print = printOf(line.text);
      for (let index = next; index < remembered.length; index += 1) {
        const one = remembered[index]!;
        if (one.at !== line.at || one.print !== print) continue;
        next = index + 1;
        recognised = true;
        return false;
      }
      if (line.at <= forgotten) return false;
      caughtUp = true;
      return true;
    },
    keep(line) {
      kept += 1;
      advance(line);
      remembered.push({ at: line.at, print: printOf(line.text) });
      if (remembered.length >= mostRemembered) forget();
    },
    get recognised() {
      return recognised;
    },
    get reachedEnd() {
      return recognised && next === remembered.length;
    },
    get kept() {
      return kept;
    },
  };
}

/** Short lines are their own. */
const printOf = (text: string): string => (text.length <= 40 ? text : hash('sha1', text, 'base64'));
