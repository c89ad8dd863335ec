// What a browser is asked to sign when a passkey is made: each is for one person, works once, and not for long.
import { randomBytes } from 'node:crypto';

const LIFE_MS = 5 * 60_000;
const MOST = 10_000;
const MOST_OF_ONE = 5;

export interface Challenges {
  issue(whose: string): string;
  /** Whether it was theirs; it is used from then on, by whomever. */
  take(challenge: string, whose: string): boolean;
}

export function createChallenges(now: () => number = Date.now): Challenges {
  const open = new Map<string, { readonly whose: string; readonly at: number }>();
  return {
    issue(whose) {
      const own = [...open].filter(([, one]) => one.whose === whose);
      for (const [old] of own.slice(0, Math.max(0, own.length - MOST_OF_ONE + 1))) open.delete(old);
      const [oldest] = open.keys();
      if (open.size >= MOST && oldest !== undefined) open.delete(oldest);
      const challenge = randomBytes(32).toString('base64url');
      open.set(challenge, { whose, at: now() });
      return challenge;
    },
    take(challenge, whose) {
      const found = open.get(challenge);
      open.delete(challenge);
      return found !== undefined && found.whose === whose && now() - found.at < LIFE_MS;
    },
  };
}
