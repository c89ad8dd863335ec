// While a gate is open: each telling when it is due. None of them holds the gate up, whatever becomes of it.
import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import type { OpenGate } from '../activities/interface.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '45s',
  retry: RETRY_OPTIONS.patient,
});

/** Everybody, of what has happened; whatever becomes of it. Its end is worth waiting for: with the workflow it would be cancelled. */
export const tellEverybody = (gate: OpenGate, news: string): Promise<void> =>
  act.tellEverybody({ ...gate, news }).catch((failure: unknown) => {
    if (!isCancellation(failure)) log.warn('not everybody was told', { failure: String(failure) });
  });

/** @returns a call that ends it, when the gate closes */
export function beginTelling(gate: OpenGate): () => void {
  const scope = new CancellationScope();
  const quietly = (work: Promise<void>): Promise<void> =>
    work.catch((failure: unknown) => {
      if (!isCancellation(failure)) log.warn('somebody was not told of a gate', { failure: String(failure) });
    });
  void quietly(
    scope.run(async () => {
      const started = Date.now();
      const pending: Promise<void>[] = [];
      for (const { id, afterMs } of await act.planTellings(gate)) {
        const left = started + afterMs - Date.now();
        if (left > 0) await sleep(left);
        pending.push(quietly(act.tell({ ...gate, id })));
      }
      await Promise.all(pending);
    }),
  );
  return () => scope.cancel();
}
