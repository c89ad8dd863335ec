// A worker's side of heads that are kept elsewhere: sends what it sees, and compares when it starts and every few minutes. A log that does not
// hold what was kept of it takes nothing more, as one that ends before what this machine has seen.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import type { AuditLog } from '../../../contracts/audit.ts';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import { AnnealError, asAnnealError } from '../../../contracts/errors.ts';
import type { Checking } from '../verify.ts';
import type { Witness } from '../witness.ts';
import { missedOf, readKept } from './compare.ts';
import { createHeadSender, type HeadDelivery, sendingWitness } from './sender.ts';

const EVERY_MS = 5 * 60_000;

export interface Keeping {
  /** In place of this machine's own. */
  readonly witness: Witness;
  /** Refuses what would be noted in a log that is not the one. */
  guarded(log: AuditLog): AuditLog;
  /** Compares now. @returns what is wrong with the log */
  look(): Promise<AnnealError | undefined>;
  /** Compares again and again, until the signal. */
  lookRegularly(signal: AbortSignal, everyMs?: number): Promise<void>;
  /** How sending stands, for metrics. */
  deliveries(): readonly HeadDelivery[];
  close(): void;
}

export interface KeepingPorts {
  readonly places: readonly HeadPlace[];
  readonly store: Pick<ArtifactStore, 'readNamed'>;
  readonly verifyBytes: Checking['verifyBytes'];
  readonly witness: Witness;
  /** For whoever reads the worker's log. */
  readonly report: (failure: AnnealError) => void;
}

export function createKeeping({ places, store, verifyBytes, witness, report }: KeepingPorts): Keeping {
  const sender = createHeadSender(places, report);
  let wrong: AnnealError | undefined;

  async function look(): Promise<AnnealError | undefined> {
    const kept = await readKept(places, verifyBytes);
    for (const { failure } of kept.places) if (failure !== undefined) report(failure);
    for (const { what } of kept.problems) report(new AnnealError('audit.unkept', what));
    const missed = await missedOf(kept.heads, store).catch((failure: unknown) => asAnnealError(failure));
    if (missed instanceof Error) {
      report(missed);
      return wrong;
    }
    const before = wrong;
    wrong = missed && new AnnealError('audit.broken', missed.what);
    if (wrong !== undefined && wrong.message !== before?.message) report(wrong);
    for (const { place, last } of kept.places) if (last !== undefined) sender.known(place, last);
    // What this machine saw last may never have left it.
    const own = await witness.read();
    if (own !== undefined && wrong === undefined) sender.send(own);
    return wrong;
  }

  return {
    witness: sendingWitness(witness, sender),
    guarded: (log) => ({
      async note(id, event) {
        if (wrong !== undefined) throw wrong;
        await log.note(id, event);
      },
    }),
    look,
    async lookRegularly(signal, everyMs = EVERY_MS) {
      if (places.length === 0) return;
      while (!signal.aborted) {
        await sleep(everyMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await look();
      }
    },
    deliveries: () => sender.deliveries(),
    close: () => sender.close(),
  };
}
