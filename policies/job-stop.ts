// Why a job on a cluster stands still or has ended, from what the cluster says of its pods. A pure decision: the same
// observations always get the same answer, and a doubt is never an end.
import { causeOfEviction, judgeEvicted, judgeQueued, wordsOf } from './job-stop-queue.ts';
import {
  causeOfDisruption,
  isOver,
  isOverdue,
  KILLED,
  nodesOf,
  type SeenJob,
  type Stopped,
  stopped,
  type Verdict,
  type Windows,
} from './job-stop-seen.ts';

export function judgeJob(job: SeenJob, nowMs: number, windows: Windows): Verdict {
  if (job.ended !== undefined) return ended(job);
  if (job.deleted) return judgeDeleted(job, nowMs, windows);
  const evicted = job.queue?.evicted;
  if (evicted !== undefined) return judgeEvicted(job, evicted, nowMs, windows);
  if (job.suspended) return judgeQueued(job, nowMs, windows);
  const lost = lostNode(job, nowMs, windows);
  if (lost !== undefined) return lost;
  // Nothing on the cluster begins a pod again: one that has ended badly, or is about to, ends the attempt.
  const doomed = job.pods.find((pod) => pod.phase === 'Failed')?.name ?? job.disruptions[0]?.pod;
  if (doomed !== undefined) return { phase: 'ending', why: `${doomed} has ended, and its other pods end with it` };
  const stuck = job.pods.find((pod) => pod.waiting !== undefined && isImageTrouble(pod.waiting));
  if (stuck !== undefined && nowMs - stuck.createdAtMs >= windows.imageMs) {
    return stopped('image', `${stuck.name}: ${stuck.waiting}`, [stuck.node]);
  }
  const homeless = job.pods.find((pod) => pod.unscheduled !== undefined);
  if (homeless !== undefined && nowMs - homeless.createdAtMs >= windows.scheduleMs) {
    return stopped('unschedulable', `${homeless.name}: ${homeless.unscheduled}`, []);
  }
  if (homeless !== undefined) return { phase: 'waiting', why: homeless.unscheduled ?? 'no node' };
  const starting = job.pods.filter((pod) => pod.phase === 'Pending');
  if (stuck !== undefined || starting.length === job.pods.length) {
    return { phase: 'waiting', why: stuck?.waiting ?? 'its pods are starting' };
  }
  // Ranks wait for each other.
  if (starting.length > 0) {
    return { phase: 'waiting', why: `${starting.length} of its ${job.pods.length} pods are starting` };
  }
  return { phase: 'running' };
}

/** It will not go on, whenever the cluster ceases to show it; what its pods still do is waited for. */
function judgeDeleted(job: SeenJob, nowMs: number, windows: Windows): Verdict {
  const left = job.pods.find((pod) => !isOver(pod));
  if (left === undefined) return stopped('vanished', 'it was deleted', []);
  return lostNode(job, nowMs, windows) ?? { phase: 'ending', why: `it was deleted, and ${left.name} ends with it` };
}

function lostNode(job: SeenJob, nowMs: number, windows: Windows): Stopped | undefined {
  const lost = job.pods.filter((pod) => isOverdue(pod, nowMs, windows.overdueMs));
  if (lost[0] === undefined) return undefined;
  const why = lost[0].disruption === undefined ? '' : ` (${lost[0].disruption})`;
  return stopped('node_lost', `${lost[0].name}: its node does not answer${why}`, nodesOf(lost));
}

/** What tells most about the end: the cluster's doing explains an exit code, not the other way round. */
function ended(job: SeenJob): Stopped {
  const failed = job.pods.filter((pod) => pod.exit !== undefined && pod.exit.code !== 0);
  // Of several failed pods the first cause is seldom the one that was ended because another failed (143).
  const telling = failed.find((pod) => pod.exit?.code !== 143 && pod.exit?.code !== KILLED) ?? failed[0];
  const [first] = job.disruptions;
  if (first !== undefined) {
    const nodes = job.disruptions.map((one) => one.node);
    const own = job.pods.find((pod) => pod.name === first.pod)?.exit?.code;
    const exitCode = own ?? telling?.exit?.code ?? KILLED;
    return { ...stopped(causeOfDisruption(first.reason), `${first.pod}: ${first.reason}`, nodes), exitCode };
  }
  const oom = job.pods.find((pod) => pod.exit?.reason === 'OOMKilled');
  if (oom !== undefined) return stopped('out_of_memory', `${oom.name} was killed for lack of memory`, [oom.node]);
  if (job.queue?.evicted !== undefined) {
    const { evicted } = job.queue;
    const exitCode = telling?.exit?.code ?? KILLED;
    return { ...stopped(causeOfEviction(evicted.reason), wordsOf(evicted), []), exitCode };
  }
  if (telling?.exit !== undefined) {
    const said = telling.exit.message.trim();
    const message = said === '' ? `${telling.name}: ${telling.exit.reason}` : said;
    return { ...stopped('exited', message, nodesOf(failed)), exitCode: telling.exit.code };
  }
  // The pods are gone: whoever did it did not do it to them alone.
  if (job.told?.by === 'disruption') return stopped('evicted', job.told.message, []);
  if (job.told?.by === 'exit') return { ...stopped('exited', job.told.message, []), exitCode: job.told.code };
  if (job.ended === 'complete') {
    return { ...stopped('exited', 'it ended well but left no result for its specification', []), exitCode: 0 };
  }
  return stopped('vanished', job.reason === '' ? 'its pods are gone' : job.reason, []);
}

const isImageTrouble = (reason: string): boolean =>
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError)$/.test(
    reason,
  );
