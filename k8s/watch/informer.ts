// A watch over the objects of one kind that does not end: it lists them page by page, watches from there, and lists again from time to
// time and after every trouble, so that whatever a server or a network swallowed is made good.
import type { z } from 'zod';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { isPassing } from '../cluster/failure.ts';
import type { Cluster } from '../cluster/request.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import { type Cache, createCache, type Handlers, keyOf, type Watched } from './cache.ts';
import { identityOf, parseEvent, readPages } from './feed.ts';
import { readLines } from './lines.ts';

export type { Handlers, Watched } from './cache.ts';

export interface InformerOptions<T extends Watched> {
  readonly cluster: Cluster;
  /** Of the collection: `pathOf('Pod', namespace)`, `/api/v1/nodes`. */
  readonly path: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Names what is kept of an object; everything else is forgotten at once. */
  readonly schema: z.ZodType<T>;
  readonly on?: Handlers<T>;
  /** Every trouble, for logs and figures; the informer goes on by itself. */
  readonly onTrouble?: (trouble: AnnealError) => void;
  readonly timings?: Partial<Timings>;
}

export interface Timings {
  /** The server is asked to end a watch after so long. */
  readonly watchMs: number;
  /** Between two lists, 20% more or less. */
  readonly relistMs: number;
  /** A watch that tells nothing for so long is begun anew. Bookmarks come about every minute. */
  readonly silenceMs: number;
  readonly answerMs: number;
  readonly shortestPauseMs: number;
  readonly longestPauseMs: number;
}

const TIMINGS: Timings = {
  watchMs: 5 * 60_000,
  relistMs: 10 * 60_000,
  silenceMs: 100_000,
  answerMs: 15_000,
  shortestPauseMs: 250,
  longestPauseMs: 30_000,
};
/** A watch that the server does not end when asked to is ended after this time more. */
const OVERTIME_MS = 15_000;
/** An object has at most 1.5 MiB in etcd; its JSON is longer. */
const LONGEST_EVENT = 16 << 20;
const SYNC_MS = 60_000;

export interface Informer<T extends Watched> {
  /**
   * Resolves when everything has been listed once.
   * @throws AnnealError `cluster.*` at once when the server refuses, otherwise after the time
   */
  synced(withinMs?: number): Promise<void>;
  get(name: string, namespace?: string): T | undefined;
  list(): T[];
  readonly size: number;
  /** What is known was listed and has been followed since. False: something may have happened unheard, until the next list. */
  readonly isCurrent: boolean;
  readonly figures: Readonly<Figures>;
  /** Handlers are not called any more. */
  close(): Promise<void>;
}

export interface Figures {
  lists: number;
  watches: number;
  events: number;
  troubles: number;
}

export function startInformer<T extends Watched>(options: InformerOptions<T>): Informer<T> {
  const { cluster, path, schema } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const labelSelector = Object.entries(options.labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const query = { labelSelector: labelSelector === '' ? undefined : labelSelector };
  const figures: Figures = { lists: 0, watches: 0, events: 0, troubles: 0 };
  const closed = new AbortController();
  const sync = createSync();
  let isCurrent = false;

  const cache: Cache<T> = createCache(
    closing(options.on ?? {}, closed.signal),
    (thrown) => void trouble(asAnnealError(thrown)),
  );

  function trouble(failure: AnnealError): AnnealError {
    figures.troubles += 1;
    try {
      options.onTrouble?.(failure);
    } catch {
      // A log that cannot be written must not stop what it is about.
    }
    return failure;
  }

  /** What does not fit the schema is reported and left out; the others go on. */
  function take(raw: unknown): void {
    const parsed = schema.safeParse(raw);
    if (parsed.success) cache.put(parsed.data);
    else trouble(new AnnealError('cluster.rejected', `an object below ${path} is not understood: ${parsed.error}`));
  }

  /** @returns the version from which to watch */
  async function list(): Promise<string> {
    const listed = new Set<string>();
    let version = '';
    for await (const page of readPages(cluster, path, query, closed.signal)) {
      if (page.first) listed.clear();
      version = page.resourceVersion;
      for (const item of page.items) {
        const metadata = identityOf(item, path);
        listed.add(keyOf(metadata));
        if (!cache.knows(metadata)) take(item);
      }
    }
    closed.signal.throwIfAborted();
    cache.keepOnly(listed);
    figures.lists += 1;
    return version;
  }

  /**
   * Until the watch ends, by whatever cause.
   * @returns the version from which to go on; undefined when the server ended at once and gave nothing: so some answer a version that
   *   they do not have any more
   */
  async function watch(from: string, limitMs: number, backoff: Backoff): Promise<string | undefined> {
    let version: string | undefined;
    const began = performance.now();
    const watched = { ...query, watch: true, allowWatchBookmarks: true, resourceVersion: from };
    const timeoutSeconds = Math.max(1, Math.ceil(limitMs / 1000));
    const ask = { method: 'GET', path, query: { ...watched, timeoutSeconds } } as const;
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(timeoutSeconds * 1000 + OVERTIME_MS)]);
    figures.watches += 1;
    for await (const { text, whole } of readLines(cluster, ask, { ...timings, longestLine: LONGEST_EVENT }, signal)) {
      if (!whole || text === '') continue;
      const event = parseEvent(text, path);
      if (event.type === 'ADDED' || event.type === 'MODIFIED') take(event.object);
      if (event.type === 'DELETED') cache.remove(event.metadata);
      if (event.type !== 'BOOKMARK') figures.events += 1;
      version = event.metadata.resourceVersion;
      backoff.reset();
    }
    // A bookmark comes only when the server knows of something newer, even elsewhere: of a quiet kind a watch may tell nothing.
    const isQuiet = performance.now() - began > 0.5 * Math.min(timings.silenceMs, timeoutSeconds * 1000);
    return version ?? (isQuiet ? from : undefined);
  }

  async function run(): Promise<void> {
    const backoff = createBackoff(timings.shortestPauseMs, timings.longestPauseMs);
    let from: string | undefined;
    let listAt = 0;
    while (!closed.signal.aborted) {
      try {
        if (from === undefined || performance.now() >= listAt) {
          from = undefined;
          from = await list();
          listAt = performance.now() + timings.relistMs * (0.8 + 0.4 * Math.random());
          isCurrent = true;
          sync.reached();
        }
        const limitMs = Math.min(timings.watchMs, Math.max(0, listAt - performance.now()));
        from = await watch(from, limitMs, backoff);
        if (from === undefined) isCurrent = false;
      } catch (failure) {
        isCurrent = false;
        if (closed.signal.aborted) return;
        from = undefined;
        sync.failed(trouble(asAnnealError(failure)));
      }
      await backoff.pause(closed.signal);
    }
  }

  const running = run();

  return {
    synced: (withinMs = SYNC_MS) => sync.wait(withinMs, path),
    get: cache.get,
    list: () => [...cache.values()],
    get size() {
      return cache.size;
    },
    get isCurrent() {
      return isCurrent && !closed.signal.aborted;
    },
    figures,
    async close() {
      closed.abort();
      await running;
      sync.failed(new AnnealError('cluster.rejected', `the watch over ${path} was closed`));
    },
  };
}

/** Nothing is said after the end. */
function closing<T>(on: Handlers<T>, closed: AbortSignal): Handlers<T> {
  return {
    added(object) {
      if (!closed.aborted) on.added?.(object);
    },
    changed(object, before) {
      if (!closed.aborted) on.changed?.(object, before);
    },
    deleted(object) {
      if (!closed.aborted) on.deleted?.(object);
    },
  };
}

/** Those who wait for the first list. */
function createSync() {
  let isSynced = false;
  let last: AnnealError | undefined;
  const waiting = new Set<{ done(): void; fail(failure: AnnealError): void }>();
  return {
    reached(): void {
      isSynced = true;
      for (const one of waiting) one.done();
      waiting.clear();
    },
    /** What passes by itself is waited for. */
    failed(failure: AnnealError): void {
      last = failure;
      if (isSynced || isPassing(failure)) return;
      for (const one of waiting) one.fail(failure);
      waiting.clear();
    },
    async wait(withinMs: number, path: string): Promise<void> {
      if (isSynced) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const one = { done: resolve, fail: reject };
      waiting.add(one);
      const late = new AnnealError('cluster.unavailable', `${path} could not be listed within ${withinMs / 1000} s`);
      const timer = setTimeout(() => reject(last ?? late), withinMs);
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(one);
      }
    },
  };
}
