// Attempts at a job: what became of one, and when the next may begin.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError } from '../../contracts/errors.ts';
import type { JobName } from '../../contracts/ids.ts';
import { judgeJob } from '../../policies/job-stop.ts';
import { isOver, isOverdue, type Verdict, type Windows } from '../../policies/job-stop-seen.ts';
import type { Pod, Workload } from '../cluster/objects.ts';
import type { Workloads } from '../cluster/workloads.ts';
import { ATTEMPT, JOB } from '../labels.ts';
import { attemptName } from '../names.ts';
import type { Admission } from './admission.ts';
import type { JobRecords } from './job-records.ts';
import { disruptionOf, endOf, observeJob, observePod } from './observe.ts';
import type { PodWatch } from './pod-watch.ts';

/** Grace periods are shorter; a node that is lost takes its time. */
const GONE_MS = 5 * 60_000;
/** An object that is still there so long after its pods is held by somebody for reasons of their own. */
const HELD_MS = 30_000;
const LOOK_MS = 1_000;

export interface Attempts {
  podsOf(name: JobName, attempt: number): Promise<Pod[]>;
  judge(name: JobName, seen: Workload): Promise<Verdict>;
  /** False: it goes on. What is about to end is waited for, within reason; it is no attempt to adopt. */
  isStopped(name: JobName, seen: Workload, signal?: AbortSignal): Promise<boolean>;
  /**
   * Two attempts at once would train the same steps twice: the old one's pods must be gone, and its object where that was deleted: a
   * controller that has not heard of it yet may begin pods for it.
   * @throws AnnealError `cluster.unavailable`
   */
  gone(name: JobName, attempt: number, signal?: AbortSignal): Promise<void>;
}

export function createAttempts(parts: {
  readonly workloads: Workloads;
  readonly records: JobRecords;
  readonly admission: Admission;
  readonly namespace: string;
  readonly kind: 'JobSet' | 'Job';
  readonly windows: Windows;
  readonly watch: PodWatch | undefined;
}): Attempts {
  const { workloads, records, admission, namespace, kind, windows, watch } = parts;
  const labelsOf = (name: JobName, attempt: number) => ({ [JOB]: name, [ATTEMPT]: `${attempt}` });
  const podsOf = (name: JobName, attempt: number) => workloads.pods(namespace, labelsOf(name, attempt));

  /** @param closely also at what was noted before: a pod that was there a moment ago may be gone without a trace */
  async function judge(name: JobName, seen: Workload, closely = false): Promise<Verdict> {
    const verdict = await verdictOn(name, seen, closely);
    const starved = verdict.phase === 'stopped' && verdict.cause === 'out_of_memory';
    if (starved) await records.noteOutOfMemory(name, numberOf(seen));
    return verdict;
  }

  async function verdictOn(name: JobName, seen: Workload, closely: boolean): Promise<Verdict> {
    const attempt = numberOf(seen);
    const queue = await admission.entriesOf(seen);
    const running = endOf(seen) === undefined && !seen.spec.suspend;
    const told = watch?.disruptionsOf(name, attempt) ?? [];
    const followed = running && !closely && told.length === 0 ? watch?.podsOf(name, attempt) : undefined;
    if (followed !== undefined) {
      const verdict = judgeJob(observeJob(seen, { pods: followed, queue }), Date.now(), windows);
      // What a watch tells may be late. It is good enough to go on by, not to end by.
      if (verdict.phase === 'running' || verdict.phase === 'waiting') return verdict;
    }
    const pods = await podsOf(name, attempt);
    const now = pods.flatMap(disruptionOf);
    const gone = told.filter((one) => !now.some(({ pod }) => pod === one.pod));
    // A pod whose place is taken away is deleted, and what it could tell with it: noted while it is there, or was.
    if (now.length + gone.length > 0) await records.noteDisruptions(name, attempt, [...now, ...gone]);
    if (running && !closely) return judgeJob(observeJob(seen, { pods, queue }), Date.now(), windows);
    const noted = await records.disruptions(name, attempt);
    const jobs = kind === 'Job' ? [seen] : await workloads.list('Job', namespace, labelsOf(name, attempt));
    return judgeJob(observeJob(seen, { pods, queue, noted, jobs }), Date.now(), windows);
  }

  async function isBeingDeleted(name: JobName, attempt: number): Promise<boolean> {
    const found = await workloads.read(kind, namespace, attemptName(name, attempt));
    return found?.metadata.deletionTimestamp !== undefined;
  }

  return {
    podsOf,
    judge: (name, seen) => judge(name, seen),

    async isStopped(name, seen, signal) {
      for (const until = Date.now() + GONE_MS; ; await sleep(LOOK_MS, undefined, { signal })) {
        const now = await workloads.read(kind, namespace, seen.metadata.name);
        if (now === undefined) return true;
        const verdict = await judge(name, now, true);
        if (verdict.phase !== 'ending' || Date.now() > until) return verdict.phase === 'stopped';
      }
    },

    async gone(name, attempt, signal) {
      let heldUntil = Date.now() + HELD_MS;
      for (const until = Date.now() + GONE_MS; ; await sleep(LOOK_MS, undefined, { signal })) {
        // What a lost node still shows ends with the node; the store takes one result, whoever comes back.
        const left = (await podsOf(name, attempt)).map(observePod).filter((pod) => !isOver(pod));
        const active = left.filter((pod) => !isOverdue(pod, Date.now(), windows.overdueMs));
        if (active.length === 0) {
          // A lost node's pods hold their object too.
          if (left.length > 0 || Date.now() > heldUntil || !(await isBeingDeleted(name, attempt))) return;
          continue;
        }
        heldUntil = Date.now() + HELD_MS;
        if (Date.now() > until) {
          const [first] = active;
          const where = first?.node === undefined ? '' : ` on ${first.node}`;
          throw new AnnealError('cluster.unavailable', `${first?.name}${where} does not end`);
        }
      }
    },
  };
}

export const numberOf = (seen: Workload | undefined): number => Number(seen?.metadata.labels[ATTEMPT] ?? 0);
