// The peak memory of process trees: what all of their processes hold resident at the same time, looked at often.
import { readFileSync } from 'node:fs';
import { descendantsOf } from '../tests/support/processes.ts';

export interface Held {
  /** MiB, a page that two processes share counted for both. */
  readonly rss: number;
  /** MiB, such a page counted once. */
  readonly pss: number;
}

const LOOK_MS = 200;

/** Looks until `stop` is called, which gives the peak of the sum over these processes and all that they started. */
export function watchMemory(roots: () => readonly number[]): { stop(): Held } {
  let peak: Held = { rss: 0, pss: 0 };
  const look = (): void => {
    const pids = roots().flatMap((pid) => [pid, ...descendantsOf(pid).map((one) => one.pid)]);
    const held = pids.map(heldBy);
    peak = {
      rss: Math.max(
        peak.rss,
        held.reduce((sum, { rss }) => sum + rss, 0),
      ),
      pss: Math.max(
        peak.pss,
        held.reduce((sum, { pss }) => sum + pss, 0),
      ),
    };
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function heldBy(pid: number): Held {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch {
    // It has ended.
  }
  const of = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rss: of('Rss'), pss: of('Pss') };
}
