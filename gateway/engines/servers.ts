// Which server of a fleet answers a request, and which are left alone for a while because they did not.
import { createRecent } from '../replicas.ts';

export interface Servers {
  /**
   * Does the work at the least busy server; at equal load at the one that saw this prompt last, because it may still hold it
   * evaluated. Where `passes` says so of a failure, the next server is asked; the last failure is thrown when none is left.
   */
  use<T>(prompt: string, work: (url: string) => Promise<T>): Promise<T>;
}

export interface ServersOptions {
  /** At least one. */
  readonly urls: readonly string[];
  /** Whether a failure is the server's own, so that another one may do. */
  readonly passes: (failure: unknown) => boolean;
  /** A server that failed fast would look idle, and draw every request: it is asked again only after this. */
  readonly restMs: number;
  readonly now?: () => number;
}

const PROMPTS_REMEMBERED = 512;

export function createServers({ urls, passes, restMs, now = Date.now }: ServersOptions): Servers {
  const busy = new Map(urls.map((url) => [url, 0]));
  const restsUntil = new Map<string, number>();
  const holder = createRecent<string>(PROMPTS_REMEMBERED);

  function choose(prompt: string, tried: ReadonlySet<string>): string | undefined {
    const left = urls.filter((url) => !tried.has(url));
    const rested = left.filter((url) => (restsUntil.get(url) ?? 0) <= now());
    // When all of them rest, waiting longer helps nobody.
    const among = rested.length > 0 ? rested : left;
    const least = Math.min(...among.map((url) => busy.get(url)!));
    const known = holder.get(prompt);
    if (known !== undefined && among.includes(known) && busy.get(known) === least) return known;
    return among.find((url) => busy.get(url) === least);
  }

  return {
    async use(prompt, work) {
      const tried = new Set<string>();
      for (let last: unknown; ; ) {
        const url = choose(prompt, tried);
        if (url === undefined) throw last;
        tried.add(url);
        holder.set(prompt, url);
        busy.set(url, busy.get(url)! + 1);
        try {
          const done = await work(url);
          restsUntil.delete(url);
          return done;
        } catch (failure) {
          if (!passes(failure)) throw failure;
          restsUntil.set(url, now() + restMs);
          last = failure;
        } finally {
          busy.set(url, busy.get(url)! - 1);
        }
      }
    },
  };
}
