// Follows the log of a pod's container, line by line, and neither loses nor repeats one: not when the API server or the kubelet goes
// away in the middle of a line, not when the container is started again.
//
// What a node has thrown away before it could be read is reported: it keeps the log of one ended run at a time, and none of a deleted pod.
import { type AnnealError, asAnnealError, type ErrorCode } from '../../contracts/errors.ts';
import type { Cluster } from '../cluster/request.ts';
import { createBackoff } from './backoff.ts';
import { type LogSource, lookAtRun, type Run } from './container.ts';
import { createReading, type LogLine } from './log-lines.ts';
import { type Answer, createTeller, type FollowTimings, type Place } from './log-teller.ts';

export interface FollowOptions {
  /** Ends it without an error. */
  readonly signal?: AbortSignal;
  /** What cannot be read any more, in words. */
  readonly onGap?: (what: string) => void;
  /** What went wrong and is tried again. */
  readonly onTrouble?: (trouble: AnnealError) => void;
  readonly timings?: Partial<FollowTimings>;
}

const TIMINGS: FollowTimings = {
  answerMs: 15_000,
  // A container may say nothing for longer: then the log is asked for again, which costs little.
  silenceMs: 60_000,
  longestLine: 1 << 20,
  shortestPauseMs: 250,
  longestPauseMs: 5_000,
  statusMs: 1_000,
  lateStatusMs: 15_000,
};

/** A line, with the run of the container that wrote it: 0, 1, … */
export interface FollowedLine extends LogLine {
  readonly run: number;
}

/** A refused log is asked for so often: a kubelet that has just started does not know its containers yet. */
const MOST_REFUSALS = 5;
/**
 * These may pass by themselves: no answer; a container that is being created, or whose log is gone; a pod that is gone. A kubelet that has
 * just started answers for a pod that it does not know yet as if there were no logs at all.
 */
const PASSING: readonly ErrorCode[] = [
  'cluster.unavailable',
  'cluster.rejected',
  'cluster.not_found',
  'cluster.missing_crd',
];

/**
 * Begins with the run before the present one, where the node still has it. Ends when the container has ended, nothing will start it
 * again and all was read; when the pod is gone; and by the signal.
 * @throws AnnealError `cluster.denied` and others that do not pass by themselves
 */
export async function* followLog(
  cluster: Cluster,
  source: LogSource,
  options: FollowOptions = {},
): AsyncGenerator<FollowedLine> {
  const timings = { ...TIMINGS, ...options.timings };
  const signal = options.signal ?? new AbortController().signal;
  const backoff = createBackoff(timings.shortestPauseMs, timings.longestPauseMs);
  const teller = createTeller(cluster, source, timings, signal);
  const gap = (what: string): void => options.onGap?.(`${source.pod}/${source.container}: ${what}`);
  let place: Place | undefined;
  let hasEnded = false;

  while (!signal.aborted) {
    try {
      const seen = await lookAtRun(cluster, source, signal);
      const next = nextPlace(place, seen, gap);
      if (next === undefined || seen === undefined) return;
      place = next;
      const isPrevious = place.run < seen.number;
      hasEnded = isPrevious || seen.state === 'ended' || (seen.last && seen.state === 'running');
      // Refused by its node, or evicted before it began.
      if (!isPrevious && seen.last && seen.state === 'starting') return;
      if (!place.whole && (hasEnded || seen.state === 'running')) {
        const how: Answer = isPrevious ? 'previous' : hasEnded ? 'ended' : 'running';
        for await (const line of teller.tell(place, seen, how)) {
          backoff.reset();
          yield { ...line, run: place.run };
        }
        place.refusals = 0;
      }
      // What follows is known already.
      if (place.whole && (isPrevious || seen.last)) continue;
    } catch (failure) {
      if (signal.aborted) return;
      const trouble = asAnnealError(failure);
      if (!PASSING.includes(trouble.code)) throw trouble;
      options.onTrouble?.(trouble);
      if (trouble.code !== 'cluster.rejected') teller.troubled();
      if (place !== undefined && hasEnded && trouble.code === 'cluster.rejected') place.refusals += 1;
      if (place !== undefined && place.refusals >= MOST_REFUSALS) {
        gap(`run ${place.run} is not told: ${trouble.message}`);
        place.whole = true;
      }
    }
    await backoff.pause(signal);
  }
}

/** @returns what to read next; undefined when there is no more */
function nextPlace(place: Place | undefined, seen: Run | undefined, gap: (what: string) => void): Place | undefined {
  if (seen === undefined || (place !== undefined && seen.uid !== place.uid)) {
    if (place?.whole === false) gap(`its pod was deleted before run ${place.run} was read to the end`);
    return seen === undefined ? undefined : placeAt(seen, Math.max(0, seen.number - 1));
  }
  if (place === undefined) return placeAt(seen, Math.max(0, seen.number - 1));
  if (place.run >= seen.number) return place.whole && seen.last ? undefined : place;
  if (!place.whole && place.run === seen.number - 1) return place;
  // A node keeps the logs of the present run and of the one before.
  if (!place.whole) gap(`run ${place.run} was followed by two others before it was read to the end`);
  const first = place.run + 1;
  const next = Math.max(first, seen.number - 1);
  if (next > first) gap(`runs ${first} to ${next - 1} came and went unread`);
  return placeAt(seen, next);
}

const placeAt = ({ uid }: Run, run: number): Place => ({
  uid,
  run,
  reading: createReading(),
  whole: false,
  quiet: 0,
  refusals: 0,
  tail: '',
});
