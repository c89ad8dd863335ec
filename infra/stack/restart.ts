// When to start a crashed child again: at once for a single crash, ever later while it keeps crashing, and then no more.

const WINDOW_MS = 60_000;
const DELAYS_MS = [100, 500, 1_000, 2_000] as const;

/**
 * `crashes`: times of this child's crashes in milliseconds, oldest first, the latest included.
 * Returns the delay before the next start, or undefined after the fifth crash within a minute.
 */
export function restartDelay(crashes: readonly number[], now: number): number | undefined {
  const recent = crashes.filter((time) => now - time < WINDOW_MS).length;
  return DELAYS_MS[Math.max(recent, 1) - 1];
}
