// Records of a file into events: what stands before a message is peeled off, JSON is looked into, numbers are read.
import type { ReadFile } from '../../contracts/diagnosis.ts';
import type { Event } from './event.ts';
import type { Manner } from './manner.ts';
import { metricsOf } from './metrics.ts';
import { peel } from './prefix.ts';
import type { RawRecord } from './scanner.ts';

/** No message needs more to be known. */
const PARSED_BYTES = 16 * 1024;

export interface EventsOf {
  /** Index of the file. */
  readonly file: number;
  /** Whose file it is; undefined: its lines say so. */
  readonly rank: number | undefined;
  readonly encoding: ReadFile['encoding'];
  /** Of a file that grows more is known later. */
  readonly manner: () => Manner;
  /** Counts through all files. */
  readonly next: () => number;
}

export function createEvents({
  file,
  rank: ofFile,
  encoding,
  manner: mannerNow,
  next,
}: EventsOf): (record: RawRecord) => Event {
  return ({ bytes, line, offset, skipped, cut }: RawRecord): Event => {
    const manner = mannerNow();
    const long = bytes.length > PARSED_BYTES;
    const raw = textOf(long ? bytes.subarray(0, PARSED_BYTES) : bytes, encoding);
    const { body, rank, unit, time, seconds, level } = peel(raw, manner);
    const parsed = fromJson(body, manner);
    const message = parsed?.body ?? body;
    return {
      ...{ file, line, offset, order: next(), raw, cut: cut || long, unit, skipped },
      ...{
        body: message,
        rank: rank ?? parsed?.rank ?? ofFile,
        time: time ?? parsed?.time,
        seconds: seconds ?? parsed?.seconds,
      },
      level: level ?? parsed?.level,
      metrics: metricsOf(parsed === undefined ? body : `${body} ${message}`),
    };
  };
}

/** A line that is JSON: the message in it, and what else it says of itself. */
function fromJson(
  body: string,
  manner: Manner,
): { body: string; rank?: number; time?: string; seconds?: number; level?: Event['level'] } | undefined {
  if (!body.startsWith('{"') || !body.trimEnd().endsWith('}')) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (...names: string[]): string | undefined =>
    names.map((name) => value[name]).find((one): one is string => typeof one === 'string');
  const number = (...names: string[]): number | undefined =>
    names.map((name) => value[name]).find((one): one is number => typeof one === 'number');
  const message = text('msg', 'message', 'log', 'text', 'event', 'error');
  const failure = text('error', 'err', 'exception', 'stack', 'traceback');
  const inner = peel((message ?? body).trimEnd(), { numbered: false, calendar: manner.calendar });
  const time = text('ts', 'time', 'timestamp', '@timestamp', 't', 'asctime');
  const stamp = time === undefined ? undefined : peel(`${time} `, manner);
  const epoch = number('ts', 'time', 'timestamp', '_timestamp', 't');
  const seconds =
    stamp?.seconds ??
    inner.seconds ??
    (epoch === undefined || epoch < 1e8 ? undefined : epoch > 1e11 ? epoch / 1000 : epoch);
  const rank = number('rank', 'global_rank', 'local_rank') ?? inner.rank;
  const named =
    peel(`[${(text('level', 'levelname', 'severity', 'lvl') ?? '').toUpperCase()}] `, manner).level ?? inner.level;
  const written = time ?? inner.time ?? (epoch === undefined ? undefined : String(epoch));
  return {
    body: failure === undefined || failure === message ? inner.body : `${inner.body}: ${failure}`,
    ...(rank === undefined ? {} : { rank }),
    ...(written === undefined ? {} : { time: written }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(named === undefined ? {} : { level: named }),
  };
}

/** Not every log is UTF-8; what is not is quoted byte by byte, so that nothing is lost. */
export function textOf(bytes: Buffer, encoding: ReadFile['encoding']): string {
  return encoding === 'unknown' && bytes.toString('utf8').includes('\ufffd')
    ? bytes.toString('latin1')
    : bytes.toString('utf8');
}
