// Whether a campaign's policy servers are ready, still starting, or will not come up. A pure decision over what was seen.
import type { ErrorCode } from '../contracts/errors.ts';
import { minutes, type SeenPod } from './job-stop-seen.ts';

export interface SeenServers {
  readonly pods: readonly SeenServer[];
  readonly wanted: number;
  /** Since when they are waited for. */
  readonly openedMs: number;
  /** When one was last seen that a queue held back; undefined: none was. */
  readonly queuedMs: number | undefined;
}

export type SeenServer = SeenPod & {
  readonly ready: boolean;
  /** A queue (Kueue) lets no scheduler look at it yet. */
  readonly gated: boolean;
};

export type ServersVerdict =
  | { readonly phase: 'ready' }
  | { readonly phase: 'queued'; readonly why: string }
  | { readonly phase: 'starting'; readonly why: string }
  | { readonly phase: 'stuck'; readonly code: ErrorCode; readonly why: string };

export interface ServerWindows {
  /** From a pod's start to its readiness, loading the model included. */
  readonly startMs: number;
  /** The queue does not admit them for so long. */
  readonly admissionMs: number;
}

/** Beyond the start itself: to be created and placed, and to fetch an image. */
const PLACE_MS = 10 * 60_000;
const IMAGE = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)$/;
/** Waiting that no patience ends: a secret or a ConfigMap is missing. */
const CONFIGURATION = 'CreateContainerConfigError';
const CONFIGURATION_MS = 60_000;

export function judgeServers(seen: SeenServers, nowMs: number, windows: ServerWindows): ServersVerdict {
  const ready = seen.pods.filter((pod) => pod.ready).length;
  if (ready >= seen.wanted) return { phase: 'ready' };
  const held = seen.pods.find((pod) => !pod.ready && blockOf(pod) !== undefined);
  const block = held === undefined ? undefined : blockOf(held);
  const counted = `${ready} of ${seen.wanted} ready`;
  const why = block === undefined ? counted : `${counted}; ${held?.name}: ${block.why}`;
  const queued = seen.pods.find((pod) => pod.gated);
  if (queued !== undefined) {
    const waits = `${counted}; ${queued.name} waits in its queue`;
    if (nowMs - seen.openedMs <= windows.admissionMs) return { phase: 'queued', why: waits };
    return { phase: 'stuck', code: 'job.unschedulable', why: `${waits} since ${minutes(nowMs - seen.openedMs)}` };
  }
  // The start is timed from when they may start.
  const waited = nowMs - (seen.queuedMs ?? seen.openedMs);
  const patience = held?.waiting === CONFIGURATION ? CONFIGURATION_MS : windows.startMs + PLACE_MS;
  if (waited <= patience) return { phase: 'starting', why };
  return { phase: 'stuck', code: block?.code ?? 'stack.policy_unavailable', why };
}

function blockOf(pod: SeenPod): { readonly code: ErrorCode; readonly why: string } | undefined {
  if (pod.waiting !== undefined && IMAGE.test(pod.waiting)) return { code: 'job.image', why: pod.waiting };
  if (pod.waiting === CONFIGURATION) return { code: 'cluster.not_found', why: 'a secret that it mounts is missing' };
  if (pod.unscheduled !== undefined) return { code: 'job.unschedulable', why: pod.unscheduled };
  if (pod.waiting !== undefined && pod.waiting !== 'ContainerCreating')
    return { code: 'stack.policy_unavailable', why: pod.waiting };
  return undefined;
}
