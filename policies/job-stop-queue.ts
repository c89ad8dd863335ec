// What it means that a queue (Kueue) holds a job back or takes its place away. The workflow is the one authority for restarts:
// an eviction ends the attempt, and the next one is an object of its own, which waits in the queue like any other. Where nobody
// looks in time Kueue may admit the same object again; that attempt then goes on from its checkpoint, and is not ended for it.
import type { StopCause } from '../contracts/job.ts';
import {
  causeOfDisruption,
  isOver,
  isOverdue,
  KILLED,
  minutes,
  nodesOf,
  type SeenEviction,
  type SeenJob,
  stopped,
  type Verdict,
  type Windows,
} from './job-stop-seen.ts';

/**
 * Of a job that has not ended and whose place was taken away. While a pod of it runs, nothing is over: it may be saving. With a
 * lost node there is no more to wait for here; who begins the next attempt waits for the pods that do answer.
 */
export function judgeEvicted(job: SeenJob, evicted: SeenEviction, nowMs: number, windows: Windows): Verdict {
  const exitCode = job.pods.find((pod) => pod.exit !== undefined)?.exit?.code ?? KILLED;
  // What happened to its nodes came first, and is why the queue took the rest away.
  const lost = job.pods.filter((pod) => isOverdue(pod, nowMs, windows.overdueMs));
  if (lost.length > 0) return { ...stopped('node_lost', wordsOf(evicted), nodesOf(lost)), exitCode };
  const active = job.pods.filter((pod) => !isOver(pod));
  if (active.length > 0) {
    return { phase: 'ending', why: `${wordsOf(evicted)}; ${active.length} of its pods are still ending` };
  }
  const broken = job.disruptions.filter(({ reason }) => causeOfDisruption(reason) === 'node_lost');
  if (broken.length > 0) return { ...stopped('node_lost', wordsOf(evicted), nodesOf(broken)), exitCode };
  const since = nowMs - evicted.atMs;
  if (job.queue?.reservedAtMs !== undefined && since >= windows.evictionMs) {
    const message = `${wordsOf(evicted)}, ${minutes(since)} ago, and has not given its quota back since (stuck quota)`;
    return { ...stopped('stuck_quota', message, []), exitCode };
  }
  return { ...stopped(causeOfEviction(evicted.reason), wordsOf(evicted), brokenBy(job)), exitCode };
}

/** Of a job that has not begun. However long the queue is, it is no failure before its window has passed. */
export function judgeQueued(job: SeenJob, nowMs: number, windows: Windows): Verdict {
  const why = [whyQueued(job), ...stuckQuota(job, nowMs, windows)].join('; ');
  // What has its quota is as good as admitted: the checks that follow have a window of their own.
  const waited = nowMs - (job.queue?.reservedAtMs ?? job.createdAtMs);
  if (waited < windows.admissionMs) return { phase: 'waiting', why };
  return stopped('not_admitted', `${why}, for ${minutes(waited)}`, []);
}

function whyQueued({ queue, queueSilent }: SeenJob): string {
  if (queueSilent) return 'the queue does not answer';
  if (queue === undefined) return 'the queue has not taken it up yet';
  if (queue.admitted) return 'the queue has admitted it; it is about to start';
  if (queue.reservedAtMs !== undefined) return 'its quota is reserved, but not all checks are passed';
  return queue.pending === '' ? 'the queue has not admitted it yet' : `the queue has not admitted it: ${queue.pending}`;
}

/** Whoever waits should know that what it waits for is held by something that runs no more (kueue #14811). */
function stuckQuota({ held }: SeenJob, nowMs: number, windows: Windows): string[] {
  return held
    .filter(({ evicted }) => nowMs - evicted.atMs >= windows.evictionMs)
    .map(({ name, evicted: { atMs, againAtMs, reason } }) => {
      const again = againAtMs === undefined ? '' : `, was to be tried again at ${new Date(againAtMs).toISOString()}`;
      return `stuck quota: ${name} was evicted ${minutes(nowMs - atMs)} ago (${reason})${again} and still holds its share`;
    });
}

/** An unknown reason is an eviction: what is tried again loses little, what is given up loses the training. */
export function causeOfEviction(reason: string): StopCause {
  if (reason === 'Preempted') return 'preempted';
  if (reason === 'NodeFailures') return 'node_lost';
  // Deactivated, DeactivatedDueTo…: it is not admitted again, whatever is tried.
  return reason.startsWith('Deactivated') ? 'not_admitted' : 'evicted';
}

const brokenBy = ({ queue }: SeenJob): readonly string[] =>
  queue?.evicted?.reason === 'NodeFailures' ? queue.brokenNodes : [];

export const wordsOf = ({ reason, message }: SeenEviction): string =>
  `the queue has taken its place away (${message === '' ? reason : `${reason}: ${message}`})`;
