// Sends heads to their places beside the work: no gate waits for one. A later head covers what an earlier one did, so that only the newest is
// sent, again and again until the place has it.
import type { AuditHead } from '../../../contracts/audit.ts';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import { type AnnealError, asAnnealError } from '../../../contracts/errors.ts';
import type { Witness } from '../witness.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface HeadSender {
  send(head: AuditHead): void;
  /** Of a place that was read: what it has need not be sent. */
  known(place: string, number: number): void;
  /** Until each place has the newest, or the time is over. @returns the places that have not */
  settled(ms: number): Promise<readonly string[]>;
  /** How it stands, place by place. */
  deliveries(): readonly HeadDelivery[];
  close(): void;
}

/** For metrics; instants in milliseconds. */
export interface HeadDelivery {
  readonly place: string;
  /** Tries that failed, and when the last one did. */
  readonly missed: number;
  readonly missedAt: number | undefined;
  /** Of the oldest head that the place has not; undefined: it has the newest. */
  readonly waitingSince: number | undefined;
}

interface Desk {
  readonly place: HeadPlace;
  wanted: AuditHead | undefined;
  sent: number;
  busy: boolean;
  /** In a row. */
  failures: number;
  missed: number;
  missedAt: number | undefined;
  /** Of the newest, and of the oldest that is not there. */
  wantedAt: number;
  since: number;
  timer: NodeJS.Timeout | undefined;
}

/** @param report what fails, once until it works again */
export function createHeadSender(
  places: readonly HeadPlace[],
  report: (failure: AnnealError) => void,
  firstPauseMs = FIRST_PAUSE_MS,
  now: () => number = Date.now,
): HeadSender {
  let closed = false;
  const waiting = new Set<() => void>();
  const desks: Desk[] = places.map((place) => ({
    ...{ place, wanted: undefined, sent: 0, busy: false, failures: 0, timer: undefined },
    ...{ missed: 0, missedAt: undefined, wantedAt: 0, since: 0 },
  }));
  const isBehind = ({ wanted, sent }: Desk): boolean => (wanted?.body.number ?? 0) > sent;

  async function work(desk: Desk): Promise<void> {
    if (desk.busy || desk.timer !== undefined) return;
    desk.busy = true;
    while (!closed && desk.wanted !== undefined && isBehind(desk)) {
      const { wanted } = desk;
      try {
        await desk.place.keep(wanted);
        desk.sent = Math.max(desk.sent, wanted.body.number);
        desk.failures = 0;
        // What came meanwhile has waited since then.
        desk.since = desk.wantedAt;
      } catch (failure) {
        if (desk.failures === 0) report(asAnnealError(failure));
        desk.failures += 1;
        desk.missed += 1;
        desk.missedAt = now();
        const pause = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** (desk.failures - 1));
        desk.timer = setTimeout(() => {
          desk.timer = undefined;
          void work(desk);
        }, pause).unref();
        break;
      }
    }
    desk.busy = false;
    for (const look of waiting) look();
  }

  function want(desk: Desk, head: AuditHead): void {
    if ((desk.wanted?.body.number ?? 0) >= head.body.number) return;
    desk.wantedAt = now();
    if (!isBehind(desk)) desk.since = desk.wantedAt;
    desk.wanted = head;
  }

  return {
    send(head) {
      for (const desk of desks) {
        want(desk, head);
        void work(desk);
      }
    },
    known(place, number) {
      for (const desk of desks) if (desk.place.name === place) desk.sent = Math.max(desk.sent, number);
    },
    settled(ms) {
      return new Promise((resolve) => {
        const behind = () => desks.filter(isBehind).map(({ place }) => place.name);
        const end = (): void => {
          clearTimeout(late);
          waiting.delete(look);
          resolve(behind());
        };
        const look = (): void => void (behind().length === 0 && end());
        const late = setTimeout(end, ms);
        waiting.add(look);
        look();
      });
    },
    deliveries: () =>
      desks.map((desk) => ({
        ...{ place: desk.place.name, missed: desk.missed, missedAt: desk.missedAt },
        waitingSince: isBehind(desk) ? desk.since : undefined,
      })),
    close() {
      closed = true;
      for (const { timer } of desks) clearTimeout(timer);
    },
  };
}

/** What this machine sees is sent on. */
export const sendingWitness = (own: Witness, sender: Pick<HeadSender, 'send'>): Witness => ({
  read: () => own.read(),
  async see(head) {
    await own.see(head);
    sender.send(head);
  },
});
