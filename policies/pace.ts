// How many rollouts one activity plays: each activity costs Temporal tens of milliseconds, whatever it does. Rollouts that take longer
// than that go one by one, so that each is seen, timed and repeated by itself; short ones share an activity.

/** What an activity may hold: so long is lost at most when its worker dies, and so long nobody sees progress. */
const BATCH_MS = 1_000;

/** Fewer than this in one save too little to be worth it. */
const FEWEST = 4;
const MOST = 50;

export interface Pace {
  /** Of the rollouts that were timed: how many, and their time in activities, milliseconds. */
  readonly played: number;
  readonly milliseconds: number;
}

export const UNKNOWN_PACE: Pace = { played: 0, milliseconds: 0 };

export function paced(before: Pace, now: Pace): Pace {
  return { played: before.played + now.played, milliseconds: before.milliseconds + now.milliseconds };
}

/**
 * Rollouts for a lane's next activity; one after the other in it, so that no more are played at a time than there are lanes.
 * @param left rollouts that no lane has taken yet; what is left is shared, or some lanes would wait for the last batch
 */
export function batchSize(pace: Pace, { left, lanes }: { readonly left: number; readonly lanes: number }): number {
  const fitting = fittingInBatch(pace);
  if (fitting < FEWEST) return 1;
  return Math.max(1, Math.min(fitting, Math.ceil(left / lanes), MOST));
}

/**
 * Rollouts of a child workflow: as many as its history takes one by one, or more where they are known to share activities.
 * @param one what a history holds of single rollouts
 */
export function shardSize(pace: Pace | undefined, one: number): number {
  return pace !== undefined && fittingInBatch(pace) >= MOST ? one * 5 : one;
}

function fittingInBatch({ played, milliseconds }: Pace): number {
  return played === 0 ? 0 : Math.floor((BATCH_MS * played) / Math.max(milliseconds, 1));
}
