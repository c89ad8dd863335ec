// Whether a child that serves still does. A process that hangs holds its ports and its files: only an answer tells.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from './plan.ts';
import { answersHttp, isFresh } from './readiness.ts';

export interface HealthWatch {
  /** Whether the child that is watched is still the current one. */
  readonly current: () => boolean;
  readonly silent: () => void;
  readonly answersAgain: () => void;
  /** It has failed every look for the whole limit. */
  readonly hung: () => void;
}

/** Looks at a child until it is replaced, or hung. The time counts from its first failed look, by a clock that stands still while the machine sleeps. */
export async function watchHealth(health: Health, watch: HealthWatch): Promise<void> {
  let failingSince: number | undefined;
  for (;;) {
    await sleep(health.everyMs);
    const began = performance.now();
    const healthy = await looksHealthy(health);
    if (!watch.current()) return;
    if (healthy) {
      if (failingSince !== undefined) watch.answersAgain();
      failingSince = undefined;
      continue;
    }
    if (failingSince === undefined) watch.silent();
    failingSince ??= began;
    if (performance.now() - failingSince >= health.limitMs) return watch.hung();
  }
}

function looksHealthy({ look, timeoutMs }: Health): Promise<boolean> | boolean {
  return look.kind === 'http' ? answersHttp(look.url, timeoutMs) : isFresh(look.path, look.maxAgeMs);
}
