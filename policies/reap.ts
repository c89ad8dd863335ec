// What becomes of a campaign's objects on a cluster when nobody works on it any more. A pure decision.

export interface SeenCampaign {
  /**
   * By Temporal, and by the campaign's record where its history is gone. `absent`: neither says that it is over. It may run under another
   * Temporal that uses the same bucket.
   */
  readonly phase: 'running' | 'closed' | 'absent';
  /** When its run was closed; undefined when nobody knows. */
  readonly closedAtMs: number | undefined;
  /** When its first object was made. */
  readonly createdAtMs: number;
}

export type Reaping = 'keep' | 'close' | 'remove';

/** A campaign that was cut off is often resumed at once: its servers wait for that so long. */
export const CLOSE_AFTER_MS = 10 * 60_000;
/** What has ended stays so long, to be looked at. */
export const REMOVE_AFTER_MS = 24 * 3_600_000;

/** keep: leave it alone. close: end what runs of it. remove: delete all of it; the bucket keeps what it made. */
export function judgeLeftovers(seen: SeenCampaign, nowMs: number): Reaping {
  if (seen.phase !== 'closed') return 'keep';
  // Without its end known, its beginning is the only thing that is certain.
  const idle = nowMs - (seen.closedAtMs ?? seen.createdAtMs);
  if (idle >= REMOVE_AFTER_MS) return 'remove';
  return seen.closedAtMs !== undefined && idle >= CLOSE_AFTER_MS ? 'close' : 'keep';
}
