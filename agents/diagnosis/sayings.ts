// Lines against what programs say when something fails, tracebacks followed to their last line, and what came after each: a fault
// after which the run goes on was none.
import type { Cause } from '../../contracts/diagnosis.ts';
import { quoted } from './detectors/course.ts';
import type { Finding, Quoted, Saying } from './detectors/detector.ts';
import { TEXT_DETECTORS } from './detectors/registry.ts';
import { FINISHED, NOT_WEAK, WEAK } from './detectors/weak.ts';
import type { Event } from './event.ts';

/** A line of numbers is looked at only if it has one of these. */
const SUSPECT =
  /error|exception|traceback|fail|fatal|nan\b|out of memory|killed|xid|watchdog|timed|timeout|abort|assert|refused|unavailable/i;
/** Ray prints frames without the line before them. */
const TRACEBACK = /Traceback \(most recent call last\)|^Exception ignored in|^\s+File "[^"]+", line \d+/;
const AFTER_TRACEBACK = 400;
/** So many messages of progress after a fault say that it was none. */
const GOES_ON = 3;
const MOST = 400;
/** A try that is repeated may work the second time; so many did not. */
const REPEATED = /\bretr(?:y|ying|ies)\b|\battempt \d/i;
const TRIES = 4;
const UNFORESEEN: Saying = { pattern: /^\w/, strength: 0.8, example: 'Whatever: it is' };

interface Entry {
  readonly cause: Cause;
  readonly saying: Saying;
  readonly at: Quoted;
  /** Not every one of them was a try that is said to be repeated. */
  firm: boolean;
  last: number;
  lastOrder: number;
  count: number;
  supports: Quoted[];
}

interface Open {
  readonly frames: string[];
  /** What goes wrong while everything is put away, and says so itself. */
  readonly ignored: boolean;
}

export interface Sayings {
  take(event: Event, watch: (records: number) => void): void;
  /** What was no try that worked the second time. */
  findings(): readonly Finding[];
  /** Something failed; it is not said what. */
  readonly weak: Quoted | undefined;
}

export function createSayings(): Sayings {
  const entries = new Map<string, Entry>();
  const tracebacks = new Map<string, Open>();
  const progress = new Map<string, number>();
  let finished = -1;
  let weak: { at: Quoted; progress: number } | undefined;

  const keyOf = ({ file, rank, unit }: Event): string => `${file}|${rank ?? ''}|${unit}`;
  const progressAt = (file: number, rank: number | undefined): number =>
    progress.get(`${file}|${rank}`) ?? progress.get(`${file}`) ?? 0;

  function note(cause: Cause, saying: Saying, event: Event): void {
    const key = `${cause}|${TEXT_DETECTORS.find((one) => one.cause === cause)!.sayings.indexOf(saying)}|${event.file}|${event.rank ?? ''}`;
    const known = entries.get(key);
    const firm = !REPEATED.test(event.body);
    if (known !== undefined) {
      known.count += 1;
      known.firm ||= firm;
      known.last = progressAt(event.file, event.rank);
      known.lastOrder = event.order;
      if (known.supports.length < 3) known.supports.push(quoted(event));
    } else if (entries.size < MOST) {
      const now = progressAt(event.file, event.rank);
      entries.set(key, {
        cause,
        saying,
        at: { ...quoted(event), rank: event.rank ?? rankIn(event.body) },
        last: now,
        lastOrder: event.order,
        firm,
        count: 1,
        supports: [],
      });
    }
  }

  function say(event: Event, frames: string): boolean {
    const { body } = event;
    for (const { cause, sayings } of TEXT_DETECTORS)
      for (const saying of sayings) {
        if (!saying.pattern.test(body) || saying.unless?.test(body) === true) continue;
        if (saying.frames !== undefined && !saying.frames.test(`${frames}\n${body}`)) continue;
        // What is not said as an error is none, unless it says so much by itself.
        if ((event.level === 'info' || event.level === 'debug') && saying.strength < 0.9) continue;
        if (event.level === 'warning' && (cause === 'exception' || saying.strength < 0.75)) continue;
        note(cause, saying, event);
        return true;
      }
    const failed = WEAK.some((pattern) => pattern.test(body)) || event.level === 'error' || event.level === 'fatal';
    if (failed && event.level !== 'info' && event.level !== 'debug' && !NOT_WEAK.test(body))
      weak = { at: quoted(event), progress: progressAt(event.file, event.rank) };
    return false;
  }

  return {
    take(event, watch) {
      const { body } = event;
      if (event.metrics.some(({ kind }) => kind !== 'nonFinite' && kind !== 'lossScale' && kind !== 'dataTime')) {
        const own = `${event.file}|${event.rank}`;
        progress.set(`${event.file}`, (progress.get(`${event.file}`) ?? 0) + 1);
        if (event.rank !== undefined) progress.set(own, (progress.get(own) ?? 0) + 1);
      }
      if (event.metrics.length > 1 && !SUSPECT.test(body)) return;
      const key = keyOf(event);
      const open = tracebacks.get(key);
      if (TRACEBACK.test(body) && (open === undefined || !/^\s/.test(body))) {
        tracebacks.set(key, {
          frames: [],
          ignored: body.startsWith('Exception ignored') || (open?.ignored === true && open.frames.length === 0),
        });
        watch(AFTER_TRACEBACK);
        return;
      }
      if (open !== undefined) {
        if (/^\s|^$|^[│╭╰|]/.test(body) && !/^\s*size mismatch/.test(body)) {
          if (open.frames.push(body) > 40) open.frames.splice(8, 1);
          return;
        }
        tracebacks.delete(key);
        if (open.ignored) return;
        // Whatever a traceback ends in is an error, also one of a name that nobody foresaw.
        if (!say(event, open.frames.join('\n')) && /^[A-Za-z_][\w.]*(?::|$)/.test(body))
          note('exception', UNFORESEEN, event);
        return;
      }
      if (FINISHED.test(body) && event.level !== 'error') finished = event.order;
      say(event, '');
    },
    findings: () =>
      [...entries.values()]
        .filter(({ at, last, lastOrder, count, saying, firm }) => {
          if (count < (saying.often ?? (firm ? 1 : TRIES))) return false;
          // A run that goes on, or comes to its end, was not stopped by it.
          return progressAt(at.file, at.rank) - last < GOES_ON && finished < lastOrder;
        })
        .map(({ cause, saying, at, count, supports }) => ({
          ...{ cause, at, count, supports, follows: saying.follows === true },
          strength: Math.min(0.97, saying.strength + Math.min(0.04, 0.01 * (count - 1))),
          why: '',
        })),
    get weak() {
      if (weak === undefined || finished > weak.at.order) return undefined;
      return progressAt(weak.at.file, weak.at.rank) - weak.progress < GOES_ON ? weak.at : undefined;
    },
  };
}

/** Who is meant, where the prefix does not say who writes. */
function rankIn(body: string): number | undefined {
  const found = /\brank[ =:#]{1,2}(\d{1,6})\b/i.exec(body);
  return found === null ? undefined : Number(found[1]);
}
