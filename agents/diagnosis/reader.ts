// Files into events, one after the other, in bounded memory.
import type { ReadFile } from '../../contracts/diagnosis.ts';
import type { Event } from './event.ts';
import { mannerOf, rankOfPath } from './manner.ts';
import { metricsOf } from './metrics.ts';
import { peel } from './prefix.ts';
import { createScanner, type RawRecord } from './scanner.ts';
import { openSource, type Source } from './source.ts';
import { newCalendar } from './times.ts';

/** No message needs more to be known. */
const PARSED_BYTES = 16 * 1024;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: { path: string; bytes: number; of: number }) => void) | undefined;
}

/** Who gets the events; `watch` as long as it wants to see whatever comes. */
export interface Listener {
  take(event: Event, watch: (records: number) => void): void;
}

export async function readLogs(paths: readonly string[], to: Listener, options: ReadOptions = {}): Promise<ReadFile[]> {
  const files: ReadFile[] = [];
  let order = 0;
  for (const [index, path] of paths.entries()) {
    const nothing = {
      path,
      bytes: 0,
      lines: 0,
      encoding: 'unknown',
      gzip: false,
      offsets: 'file',
      openEnd: false,
    } as const;
    if (options.signal?.aborted === true) {
      files.push({ ...nothing, state: 'interrupted' });
      continue;
    }
    const opened = await openSource(path);
    if ('state' in opened) {
      files.push({ ...nothing, state: opened.state });
      continue;
    }
    files.push(await readOne(opened.source, index, () => order++, paths.length > 1, to, options));
  }
  return files;
}

async function readOne(
  source: Source,
  file: number,
  next: () => number,
  several: boolean,
  to: Listener,
  { signal, progress }: ReadOptions,
): Promise<ReadFile> {
  const { path, encoding, gzip, offsets } = source;
  const manner = mannerOf(source.head, newCalendar());
  // One file alone is no rank, whatever it is called.
  const ofFile = several ? rankOfPath(path) : undefined;
  const watch = (records: number): void => scanner.watch(records);
  const scanner = createScanner((record) => to.take(eventOf(record), watch));

  function eventOf({ bytes, line, offset, skipped, cut }: RawRecord): Event {
    const long = bytes.length > PARSED_BYTES;
    const raw = textOf(long ? bytes.subarray(0, PARSED_BYTES) : bytes, encoding);
    const { body, rank, unit, time, seconds, level } = peel(raw, manner);
    const parsed = fromJson(body);
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
  }

  function fromJson(
    body: string,
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

  let state: ReadFile['state'] = 'read';
  try {
    for await (const chunk of source.chunks(signal)) {
      scanner.push(chunk);
      progress?.({ path, bytes: scanner.bytes, of: source.size });
    }
    if (signal?.aborted === true) state = 'interrupted';
  } catch {
    // The end of a packed file is missing, or the disk fails: what came before it counts.
    state = scanner.bytes > 0 ? 'damaged' : 'unreadable';
  }
  scanner.end();
  return { path, state, encoding, gzip, offsets, bytes: scanner.bytes, lines: scanner.lines, openEnd: scanner.openEnd };
}

/** Not every log is UTF-8; what is not is quoted byte by byte, so that nothing is lost. */
export function textOf(bytes: Buffer, encoding: ReadFile['encoding']): string {
  return encoding === 'unknown' && bytes.toString('utf8').includes('\ufffd')
    ? bytes.toString('latin1')
    : bytes.toString('utf8');
}
