// The stream that tells open pages that something has changed. It carries no content: a page that hears of another version of itself asks
// for itself again, as the viewer that it is.
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Board, Seen } from './board.ts';
import type { Watch } from './watch.ts';

/** Also when nothing changes: who hears nothing for several of these knows that nobody speaks. */
export const BEAT_MS = 2_000;
const RECONNECT_MS = 1_000;

export interface LiveMessage {
  readonly version: string;
  readonly open: number;
  /** Since when nothing newer is known; null while all is well. */
  readonly stale: string | null;
}

/** What is watched on its own: `campaign:NAME` and the like. */
const WATCHED = /^(?:campaign|incident|ticket|research|share):/;

/** `gates`, `gate:NAME`, or what is watched on its own. */
export function versionOf(topic: string, { snapshot }: Seen, watch: Watch): string {
  const gate = topic.startsWith('gate:') ? topic.slice('gate:'.length) : undefined;
  if (gate !== undefined) {
    const run = snapshot?.open.find((one) => one.gate === gate)?.run;
    return run === undefined ? 'not-open' : `open:${run}`;
  }
  return WATCHED.test(topic) ? watch.versionOf(topic) : (snapshot?.version ?? '');
}

/** Whoever may not look any more hears nothing new for longer than this. */
const ASK_MS = 30_000;

export interface Streamed {
  readonly board: Board;
  readonly watch: Watch;
  /** Whether whoever asked may still look. */
  goesOn(): Promise<boolean>;
}

export function streamEvents(c: Context, { board, watch, goesOn }: Streamed): Response | Promise<Response> {
  const topic = c.req.query('topic') ?? 'gates';
  return streamSSE(c, async (stream) => {
    let sent = '';
    let sentAt = 0;
    let askedAt = Date.now();
    let wake: () => void = () => undefined;
    const unwatch = WATCHED.test(topic) ? watch.watch(topic, () => wake()) : undefined;
    const unsubscribe = board.subscribe(() => wake());
    stream.onAbort(() => wake());
    try {
      while (!stream.aborted && !stream.closed) {
        if (Date.now() - askedAt >= ASK_MS) {
          askedAt = Date.now();
          // A provider that does not answer ends the stream as well: the browser asks again, and is told.
          if (!(await goesOn().catch(() => false))) return;
        }
        const seen = board.seen();
        const message: LiveMessage = {
          version: versionOf(topic, seen, watch),
          open: seen.snapshot?.open.length ?? 0,
          stale: seen.stale?.since.toISOString() ?? null,
        };
        const data = JSON.stringify(message);
        // Until the first look there is nothing to tell.
        const known = seen.snapshot !== undefined || seen.stale !== undefined;
        if (known && (data !== sent || Date.now() - sentAt >= BEAT_MS)) {
          await stream.writeSSE({ data, retry: RECONNECT_MS });
          [sent, sentAt] = [data, Date.now()];
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, BEAT_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      unsubscribe();
      unwatch?.();
    }
  });
}
