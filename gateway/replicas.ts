// Which replica of a policy answers a request, and the prompts that it has seen.
import { chooseAffine } from '../policies/affinity.ts';

export interface Replicas {
  /** For calls that any replica answers alike. */
  readonly first: string;
  /**
   * Does the work at the least busy replica; at equal load at the one that saw this prompt last, because it may still hold it
   * evaluated. A lane that asks its prompt again finds its own replica less busy by the request that was just answered.
   */
  use<T>(prompt: string, work: (url: string) => Promise<T>): Promise<T>;
  /** Does the work at the session's own replica, unless that has far more to do than the others. */
  stick<T>(session: string, work: (url: string) => Promise<T>): Promise<T>;
}

const PROMPTS_REMEMBERED = 512;

/** @param urls at least one. */
export function createReplicas(urls: readonly string[]): Replicas {
  const busy = urls.map(() => 0);
  const holder = createRecent<number>(PROMPTS_REMEMBERED);

  function choose(prompt: string): number {
    const least = Math.min(...busy);
    const known = holder.get(prompt);
    return known !== undefined && busy[known] === least ? known : busy.indexOf(least);
  }

  async function at<T>(place: number, work: (url: string) => Promise<T>): Promise<T> {
    busy[place]! += 1;
    try {
      return await work(urls[place]!);
    } finally {
      busy[place]! -= 1;
    }
  }

  return {
    first: urls[0]!,
    use(prompt, work) {
      const chosen = choose(prompt);
      holder.set(prompt, chosen);
      return at(chosen, work);
    },
    stick(session, work) {
      const loads = urls.map((name, place) => ({ name, busy: busy[place]! }));
      return at(urls.indexOf(chooseAffine(session, loads)), work);
    },
  };
}

/** A map that forgets the longest unused. */
export function createRecent<V>(size: number): { get(key: string): V | undefined; set(key: string, value: V): void } {
  const entries = new Map<string, V>();
  function set(key: string, value: V): void {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size > size) entries.delete(entries.keys().next().value!);
  }
  return {
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    set,
  };
}
