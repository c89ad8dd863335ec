// What happens to rollouts (events), what a scheduler says to do (decisions), and what distinguishes one scheduler from another
// (a rule). A scheduler decides and does nothing: whoever drives it carries decisions out, makes them durable, and tells it so.
import type { RolloutRecord, SchedulerRecords } from '../../contracts/scheduler.ts';

/** Each is a durable record before it is told. One that is told twice, or too late to matter, changes nothing. */
export type SchedulerEvent =
  | { readonly kind: 'enqueued'; readonly count: number }
  /** Nothing more will be enqueued: what is left over trains in a smaller batch. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'started'; readonly position: number; readonly at: number }
  | { readonly kind: 'finished'; readonly position: number; readonly length: number }
  | { readonly kind: 'failed'; readonly position: number }
  /** Somebody saw that it does not go on. The time-out is the scheduler's own. */
  | { readonly kind: 'hung'; readonly position: number }
  /** A training step has taken them, in this order. */
  | { readonly kind: 'taken'; readonly positions: readonly number[] }
  /** The step that took them is done, and its version durable. */
  | { readonly kind: 'trained'; readonly version: number }
  | {
      readonly kind: 'tombstoned';
      readonly position: number;
      readonly reason: TombstoneReason;
      /** Tokens until it was given up. */
      readonly length?: number;
    };

/** failed and hung end as tombstones, over which windows move on; what is too old to be trained on has expired. */
export type TombstoneReason = 'failed' | 'hung' | 'expired';

export interface Decisions {
  /** Positions to start, oldest first. */
  readonly start: readonly number[];
  /** Positions to train on in one step, in the order they are taken; empty: not now. */
  readonly train: readonly number[];
  /** To give up, running ones included, which are to be cancelled. While there are any, nothing else is decided. */
  readonly tombstone: readonly { readonly position: number; readonly reason: TombstoneReason }[];
}

/** How many rollouts are where. What has failed or hung and has no tombstone yet counts in none of them. */
export interface Counts {
  readonly version: number;
  readonly closed: boolean;
  readonly waiting: number;
  readonly running: number;
  readonly ready: number;
  readonly training: number;
  readonly trained: number;
  /** Started at the present version and given up. */
  readonly lostAtVersion: number;
}

/** What makes one scheduler another one; everything else they share. */
export interface SchedulingRule {
  /** Finished ones within this many positions of the oldest unfinished one may be taken. */
  readonly window: number;
  /** What would be older than this many versions when it is trained on expires. */
  readonly maxAge: number;
  /** How many more may be started now. */
  admits(counts: Counts): number;
  /** How many of the `reachable` ones a step takes now; 0: it waits. Asked only while none is in training. */
  takes(counts: Counts, reachable: number): number;
}

export interface Scheduler {
  /** Whether the event changed anything. @throws RangeError for a position that was never given out */
  apply(event: SchedulerEvent): boolean;
  /** The same records and the same time always give the same decisions. `now`: seconds, on the clock of `started`. */
  decide(now: number): Decisions;
  /** When to ask again although nothing was told; undefined when nothing can time out. */
  nextTimeout(): number | undefined;
  counts(): Counts;
  /** What was started, by position; not to be changed. */
  rollouts(): Iterable<RolloutRecord>;
  /** A copy, from which `createScheduler` makes a scheduler that decides the same. */
  records(): SchedulerRecords;
}

/** Nothing runs, waits or will come: what is ready is all there will be. */
export const isDrained = ({ closed, waiting, running }: Counts): boolean => closed && waiting === 0 && running === 0;

/** A full batch, or the rest once nothing more can come. */
export const fullBatch =
  (batch: number) =>
  (counts: Counts, reachable: number): number =>
    reachable >= batch ? batch : isDrained(counts) ? reachable : 0;
