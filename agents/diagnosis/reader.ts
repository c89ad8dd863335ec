// Files into events, one after the other, in bounded memory.
import type { ReadFile } from '../../contracts/diagnosis.ts';
import type { Event } from './event.ts';
import { createEvents } from './events.ts';
import { mannerOf, rankOfPath } from './manner.ts';
import { createScanner } from './scanner.ts';
import { openSource, type Source } from './source.ts';
import { newCalendar } from './times.ts';

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
  const rank = several ? rankOfPath(path) : undefined;
  const eventOf = createEvents({ file, rank, encoding, manner: () => manner, next });
  const watch = (records: number): void => scanner.watch(records);
  const scanner = createScanner((record) => to.take(eventOf(record), watch));

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
