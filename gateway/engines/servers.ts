// Which server of a fleet answers a request, and which are left alone for a while because they did not.
import { chooseAffine } from '../../policies/affinity.ts';
import { createRecent } from '../replicas.ts';

export interface Servers {
  /**
   * Does the work at the least busy server; at equal load at the one that saw this prompt last, because it may still hold it
   * evaluated. Where `passes` says so of a failure, the next server is asked; the last failure is thrown when none is left.
   */
  use<T>(prompt: string, work: (url: string) => Promise<T>): Promise<T>;
  /** As `use`, but at the session's own server, unless that has far more to do than the others. */
  stick<T>(session: string, work: (url: string) => Promise<T>): Promise<T>;
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

  function able(tried: ReadonlySet<string>): readonly string[] {
    const left = urls.filter((url) => !tried.has(url));
    const rested = left.filter((url) => (restsUntil.get(url) ?? 0) <= now());
    // When all of them rest, waiting longer helps nobody.
    return rested.length > 0 ? rested : left;
  }

  function leastBusy(prompt: string, among: readonly string[]): string {
    const least = Math.min(...among.map((url) => busy.get(url)!));
    const known = holder.get(prompt);
    const seen = known !== undefined && among.includes(known) && busy.get(known) === least;
    const chosen = seen ? known : among.find((url) => busy.get(url) === least)!;
    holder.set(prompt, chosen);
    return chosen;
  }

  async function at<T>(choose: (among: readonly string[]) => string, work: (url: string) => Promise<T>): Promise<T> {
    const tried = new Set<string>();
    for (let last: unknown; ; ) {
      const among = able(tried);
      if (among.length === 0) throw last;
      const url = choose(among);
      tried.add(url);
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
  }

  const loads = (among: readonly string[]) => among.map((name) => ({ name, busy: busy.get(name)! }));
  return {
    use: (prompt, work) => at((among) => leastBusy(prompt, among), work),
    stick: (session, work) => at((among) => chooseAffine(session, loads(among)), work),
  };
}
