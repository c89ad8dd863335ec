// Pauses between tries: longer after each failure, never alike, so that many clients do not come back at the same moment.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  /** Something went well: the next pause is short again. */
  reset(): void;
  /** Ends early when the signal comes. */
  pause(signal: AbortSignal): Promise<void>;
}

export function createBackoff(shortestMs: number, longestMs: number): Backoff {
  let tries = 0;
  return {
    reset() {
      tries = 0;
    },
    async pause(signal) {
      const limit = Math.min(longestMs, shortestMs * 2 ** tries);
      tries += 1;
      await sleep(limit * (0.5 + 0.5 * Math.random()), undefined, { signal }).catch(() => undefined);
    },
  };
}
