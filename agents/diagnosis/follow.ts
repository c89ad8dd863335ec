// Logs that are still written, diagnosed as they grow: the same detectors on the same events, asked again whenever something has come.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Diagnosis, ReadFile } from '../../contracts/diagnosis.ts';
import { createAnalysis } from './analysis.ts';
import { createEvents } from './events.ts';
import { type Manner, mannerOf, rankOfPath } from './manner.ts';
import type { Listener } from './reader.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { createTail } from './tail.ts';
import { newCalendar } from './times.ts';

const EVERY_MS = 500;
/** A file's manner is learned from so much of its beginning. */
const HEAD = 64 * 1024;

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Of looks at the files; half a second unless given. */
  readonly everyMs?: number;
  /** A first fault that was not known, another than before, or none after all. */
  readonly tell: (found: Diagnosis) => void;
  /** What all of it comes to, whenever something has come. */
  readonly saw?: (found: Diagnosis) => void;
}

/** Until it is stopped. @returns what the logs came to */
export async function follow(
  paths: readonly string[],
  { signal, everyMs, tell, saw }: FollowOptions,
): Promise<Diagnosis> {
  const analysis = createAnalysis(paths);
  let order = 0;
  const next = (): number => order++;
  const logs = paths.map((path, file) =>
    createLog(path, file, paths.length > 1 ? rankOfPath(path) : undefined, next, analysis.listener),
  );
  const conclude = (): Diagnosis => {
    const found = analysis.conclude(logs.map(({ state }) => state()));
    return { ...found, read: { ...found.read, notes: logs.flatMap(({ notes }) => notes()) } };
  };
  let told = '';
  let bytes = -1;
  try {
    while (!signal.aborted) {
      for (const log of logs) await log.look(signal);
      const now = logs.reduce((sum, { state }) => sum + state().bytes, 0);
      if (now !== bytes) {
        bytes = now;
        const found = conclude();
        saw?.(found);
        const fault = faultOf(found);
        if (fault !== told) tell(found);
        told = fault;
      }
      await sleep(everyMs ?? EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const log of logs) await log.close();
  }
  return conclude();
}

/** What a change of is worth telling; nothing: no fault is seen. */
function faultOf({ cause, firstFault }: Diagnosis): string {
  if (cause === 'healthy' || cause === 'undetermined') return '';
  return `${cause} ${firstFault?.file}:${firstFault?.line}`;
}

interface Log {
  look(signal: AbortSignal): Promise<void>;
  state(): ReadFile;
  notes(): string[];
  close(): Promise<void>;
}

function createLog(path: string, file: number, rank: number | undefined, next: () => number, to: Listener): Log {
  let head = '';
  let manner: Manner = mannerOf('', newCalendar());
  // Bytes that are no UTF-8 are found line by line: nobody knows yet what will be written.
  const eventOf = createEvents({ file, rank, encoding: 'unknown', manner: () => manner, next });
  const watch = (records: number): void => scanner.watch(records);
  const begin = (): Scanner => createScanner((record) => to.take(eventOf(record), watch));
  let scanner = begin();
  /** Of what the name had before. */
  const before = { bytes: 0, lines: 0, rotated: 0, truncated: 0 };
  const tail = createTail(path, {
    bytes(chunk) {
      if (head.length < HEAD) {
        head += Buffer.from(chunk.subarray(0, HEAD - head.length)).toString('utf8');
        manner = mannerOf(head, manner.calendar);
      }
      scanner.push(chunk);
    },
    begin(how) {
      scanner.end();
      before.bytes += scanner.bytes;
      before.lines += scanner.lines;
      before[how] += 1;
      head = '';
      scanner = begin();
    },
  });
  return {
    async look(signal) {
      await tail.look(signal);
      scanner.settle();
    },
    state: () => ({
      ...{ path, state: 'read', encoding: 'utf-8', gzip: false, offsets: 'file', openEnd: false },
      ...{ bytes: before.bytes + scanner.bytes, lines: before.lines + scanner.lines },
    }),
    notes: () => [
      ...(before.rotated === 0 ? [] : [`${path} was moved away ${times(before.rotated)}: lines count from the newest`]),
      ...(before.truncated === 0 ? [] : [`${path} was cut ${times(before.truncated)}: lines count from its beginning`]),
    ],
    async close() {
      await tail.close();
      scanner.end();
    },
  };
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
