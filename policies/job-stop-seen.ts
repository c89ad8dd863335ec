// What was seen of a job on a cluster, and what is said of it: the words that its judges (job-stop.ts, job-stop-queue.ts) share.
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
  /** By when it is to be gone, its grace period included; undefined: nobody has deleted it. */
  readonly goneByMs: number | undefined;
}

/** A pod whose place the cluster has taken away. It is deleted soon after, and its exit code with it. */
export interface SeenDisruption {
  readonly pod: string;
  readonly node: string | undefined;
  readonly reason: string;
}

/** What the Job controller says of the pod that failed a job; it stays when the pods are gone. */
export type ToldFailure =
  | { readonly by: 'exit'; readonly code: number; readonly message: string }
  | { readonly by: 'disruption'; readonly message: string };

/** An eviction as a queue tells it: it has taken a job's place away. */
export interface SeenEviction {
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  /** When the queue means to try again by itself. */
  readonly againAtMs: number | undefined;
}

/** What a queue (Kueue) says of a job. */
export interface SeenQueue {
  /** Since when the job has its share of the quota. */
  readonly reservedAtMs: number | undefined;
  /** It may run: quota and all checks are there. */
  readonly admitted: boolean;
  /** The queue's words for what is missing. */
  readonly pending: string;
  readonly evicted: SeenEviction | undefined;
  /** Nodes that the queue found broken. */
  readonly brokenNodes: readonly string[];
}

/** An evicted entry of a queue that still has its quota, whosever it is. */
export interface HeldQuota {
  readonly name: string;
  readonly evicted: SeenEviction;
}

export interface SeenJob {
  /** `failed` and `complete` are final in Kubernetes. */
  readonly ended: 'failed' | 'complete' | undefined;
  /** The cluster's words for it. */
  readonly reason: string;
  /** Somebody has deleted it; the cluster shows it until all that belongs to it is gone. */
  readonly deleted: boolean;
  /** A queue holds it back (suspended). */
  readonly suspended: boolean;
  readonly createdAtMs: number;
  readonly pods: readonly SeenPod[];
  /** Disruptions of this attempt that were seen at any time. */
  readonly disruptions: readonly SeenDisruption[];
  readonly told: ToldFailure | undefined;
  /** The queue was asked and did not answer: then what it would say is not known. */
  readonly queueSilent: boolean;
  /** Undefined: no queue is asked, or it has not taken the job up. */
  readonly queue: SeenQueue | undefined;
  /** Others before the same quota, as far as they were looked at. */
  readonly held: readonly HeldQuota[];
}

export interface Windows {
  /** An image that cannot be pulled for so long will not be pulled. */
  readonly imageMs: number;
  /** No node fits for so long: a human should know. */
  readonly scheduleMs: number;
  /** The queue does not admit it for so long. */
  readonly admissionMs: number;
  /** What is evicted gives its quota back sooner than this. */
  readonly evictionMs: number;
  /** A pod is there for so long after it was to be gone: nobody answers on its node. */
  readonly overdueMs: number;
}

export type Stopped = {
  readonly phase: 'stopped';
  readonly cause: StopCause;
  readonly exitCode: number;
  readonly message: string;
  /** Where it went wrong, so that the next attempt can go elsewhere. */
  readonly nodes: readonly string[];
};
export type Verdict =
  | { readonly phase: 'waiting'; readonly why: string }
  | { readonly phase: 'running' }
  /** It will be stopped, whatever happens: pods of it are still there, and may be saving. */
  | { readonly phase: 'ending'; readonly why: string }
  | Stopped;

/** What a shell reports for SIGKILL; stands for "ended without an exit code of its own". */
export const KILLED = 137;

export function stopped(cause: StopCause, message: string, nodes: readonly (string | undefined)[]): Stopped {
  const named = [...new Set(nodes.flatMap((node) => node ?? []))];
  return { phase: 'stopped', cause, exitCode: KILLED, message, nodes: named };
}

export const nodesOf = (pods: readonly { readonly node: string | undefined }[]): (string | undefined)[] =>
  pods.map((pod) => pod.node);

/** Nothing of it runs any more. */
export const isOver = (pod: SeenPod): boolean => pod.phase === 'Succeeded' || pod.phase === 'Failed';

/**
 * It was to be gone for long and has not ended: its node does not answer. Kubernetes shows such a pod for as long as the node
 * is known, and calls no job ended that has one.
 */
export const isOverdue = (pod: Pick<SeenPod, 'phase' | 'goneByMs'>, nowMs: number, overdueMs: number): boolean =>
  pod.goneByMs !== undefined &&
  nowMs - pod.goneByMs >= overdueMs &&
  pod.phase !== 'Succeeded' &&
  pod.phase !== 'Failed';

/** Reasons of DisruptionTarget by which a pod loses its place to another. */
const PREEMPTIONS = ['PreemptionByScheduler', 'PreemptionByKueue', 'Preempted'];
const NODE_LOSSES = ['DeletionByTaintManager', 'DeletionByPodGC', 'TerminationByKubelet', 'NodeLost'];

export function causeOfDisruption(reason: string): StopCause {
  if (PREEMPTIONS.includes(reason)) return 'preempted';
  return NODE_LOSSES.includes(reason) ? 'node_lost' : 'evicted';
}

export const minutes = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
