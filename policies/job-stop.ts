// Why a job on a cluster stands still or has ended, from what the cluster says of its pods. A pure decision: the same
// observations always get the same answer, and a doubt is never an end.

import type { StopCause } from '../contracts/job.ts';

/** What was seen of a pod. */
export interface SeenPod {
  readonly name: string;
  readonly node: string | undefined;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Of the container that does the work. */
  readonly exit: { readonly code: number; readonly reason: string; readonly message: string } | undefined;
  /** Why its container does not start: ImagePullBackOff, CreateContainerConfigError … */
  readonly waiting: string | undefined;
  /** The reason of its condition DisruptionTarget, when that is true. */
  readonly disruption: string | undefined;
  /** The message of its condition PodScheduled, when that is false. */
  readonly unscheduled: string | undefined;
  readonly createdAtMs: number;
}

export interface SeenJob {
  /** `failed` and `complete` are final in Kubernetes. */
  readonly ended: 'failed' | 'complete' | undefined;
  /** The cluster's words for it. */
  readonly reason: string;
  /** A queue holds it back (suspended). */
  readonly suspended: boolean;
  readonly createdAtMs: number;
  readonly pods: readonly SeenPod[];
}

export interface Windows {
  /** An image that cannot be pulled for so long will not be pulled. */
  readonly imageMs: number;
  /** No node fits for so long: a human should know. */
  readonly scheduleMs: number;
  /** The queue does not admit it for so long. */
  readonly admissionMs: number;
}

export type Verdict =
  | { readonly phase: 'waiting'; readonly why: string }
  | { readonly phase: 'running' }
  | {
      readonly phase: 'stopped';
      readonly cause: StopCause;
      readonly exitCode: number;
      readonly message: string;
      /** Where it went wrong, so that the next attempt can go elsewhere. */
      readonly nodes: readonly string[];
    };

/** What a shell reports for SIGKILL; stands for "ended without an exit code of its own". */
const KILLED = 137;

/** Reasons of DisruptionTarget by which a pod loses its place to another. */
const PREEMPTIONS = ['PreemptionByScheduler', 'PreemptionByKueue', 'Preempted'];
const NODE_LOSSES = ['DeletionByTaintManager', 'DeletionByPodGC', 'TerminationByKubelet', 'NodeLost'];

export function judgeJob(job: SeenJob, nowMs: number, windows: Windows): Verdict {
  if (job.ended !== undefined) return ended(job);
  if (job.suspended) {
    const waited = nowMs - job.createdAtMs;
    if (waited < windows.admissionMs) return { phase: 'waiting', why: 'the queue has not admitted it yet' };
    return stopped('not_admitted', `the queue has not admitted it for ${minutes(waited)}`, job.pods);
  }
  const stuck = job.pods.find((pod) => pod.waiting !== undefined && isImageTrouble(pod.waiting));
  if (stuck !== undefined && nowMs - stuck.createdAtMs >= windows.imageMs) {
    return stopped('image', `${stuck.name}: ${stuck.waiting}`, [stuck]);
  }
  const homeless = job.pods.find((pod) => pod.unscheduled !== undefined);
  if (homeless !== undefined && nowMs - homeless.createdAtMs >= windows.scheduleMs) {
    return stopped('unschedulable', `${homeless.name}: ${homeless.unscheduled}`, []);
  }
  if (homeless !== undefined) return { phase: 'waiting', why: homeless.unscheduled ?? 'no node' };
  if (job.pods.some((pod) => pod.phase === 'Running')) return { phase: 'running' };
  return { phase: 'waiting', why: stuck?.waiting ?? 'its pods are starting' };
}

/** The pod that tells most about the end: the cluster's doing explains an exit code, not the other way round. */
function ended(job: SeenJob): Verdict {
  const disrupted = job.pods.filter((pod) => pod.disruption !== undefined);
  const [first] = disrupted;
  if (first?.disruption !== undefined) {
    const cause = causeOfDisruption(first.disruption);
    return { ...stopped(cause, `${first.name}: ${first.disruption}`, disrupted), exitCode: first.exit?.code ?? KILLED };
  }
  const oom = job.pods.find((pod) => pod.exit?.reason === 'OOMKilled');
  if (oom !== undefined) return stopped('out_of_memory', `${oom.name} was killed for lack of memory`, [oom]);
  // Of several failed pods the first cause is seldom the one that was ended because another failed (143).
  const failed = job.pods.filter((pod) => pod.exit !== undefined && pod.exit.code !== 0);
  const telling = failed.find((pod) => pod.exit?.code !== 143 && pod.exit?.code !== KILLED) ?? failed[0];
  if (telling?.exit !== undefined) {
    const said = telling.exit.message.trim();
    return {
      ...stopped('exited', said === '' ? `${telling.name}: ${telling.exit.reason}` : said, failed),
      exitCode: telling.exit.code,
    };
  }
  if (job.ended === 'complete') {
    return { ...stopped('exited', 'it ended well but left no result for its specification', []), exitCode: 0 };
  }
  return stopped('vanished', job.reason === '' ? 'its pods are gone' : job.reason, []);
}

export function causeOfDisruption(reason: string): StopCause {
  if (PREEMPTIONS.includes(reason)) return 'preempted';
  return NODE_LOSSES.includes(reason) ? 'node_lost' : 'evicted';
}

const isImageTrouble = (reason: string): boolean =>
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError)$/.test(
    reason,
  );

function stopped(cause: StopCause, message: string, pods: readonly SeenPod[]) {
  const nodes = [...new Set(pods.flatMap((pod) => pod.node ?? []))];
  return { phase: 'stopped', cause, exitCode: KILLED, message, nodes } as const;
}

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} minutes`;
