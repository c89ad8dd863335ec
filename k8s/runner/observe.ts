// From the cluster's objects to what the policy judges (policies/job-stop.ts).
import type {
  HeldQuota,
  SeenDisruption,
  SeenEviction,
  SeenJob,
  SeenPod,
  SeenQueue,
  ToldFailure,
} from '../../policies/job-stop-seen.ts';
import type { Condition, Pod, QueueEntry, Workload } from '../cluster/objects.ts';

/** Condition types by which a Job (Complete, Failed) and a JobSet (Completed, Failed) say that they have ended. */
const ENDS: Readonly<Record<string, 'complete' | 'failed'>> = {
  Complete: 'complete',
  Completed: 'complete',
  Failed: 'failed',
};

/** What a queue's entries say: the job's own, and others of its namespace. */
export interface QueueEntries {
  /** It could not be asked. */
  readonly silent: boolean;
  readonly own: QueueEntry | undefined;
  readonly others: readonly QueueEntry[];
}

/** Undefined: the cluster has not ended it. */
export function endOf({ status }: Workload): 'complete' | 'failed' | undefined {
  const end = status.conditions.find((one) => one.status === 'True' && ENDS[one.type] !== undefined);
  return end === undefined ? undefined : ENDS[end.type];
}

/** What an attempt consists of, as far as it was read. */
export interface Sight {
  readonly pods?: readonly Pod[];
  /** What was noted of its pods before (job-records.ts). */
  readonly noted?: readonly SeenDisruption[];
  /** The Jobs that do the work: those of a JobSet. */
  readonly jobs?: readonly Workload[];
  readonly queue?: QueueEntries | undefined;
}

export function observeJob(job: Workload, { pods = [], noted = [], jobs = [job], queue }: Sight): SeenJob {
  const failed = conditionOf(job.status.conditions, 'Failed');
  return {
    ended: endOf(job),
    reason: failed === undefined ? '' : [failed.reason, failed.message].filter((text) => text !== '').join(': '),
    deleted: job.metadata.deletionTimestamp !== undefined,
    suspended: job.spec.suspend,
    createdAtMs: at(job.metadata.creationTimestamp),
    pods: pods.map(observePod),
    disruptions: noted.length > 0 ? noted : pods.flatMap(disruptionOf),
    told: jobs.flatMap(toldFailure)[0],
    queueSilent: queue?.silent ?? false,
    queue: queue?.own === undefined ? undefined : observeQueue(queue.own),
    held: (queue?.others ?? []).flatMap(heldQuota),
  };
}

export function disruptionOf(pod: Pod): SeenDisruption[] {
  const { name, node, disruption } = observePod(pod);
  return disruption === undefined ? [] : [{ pod: name, node, reason: disruption }];
}

/** By the rules that our manifests give each Job (trainer.ts); the words are the Job controller's. */
function toldFailure({ status }: Workload): ToldFailure[] {
  const failed = status.conditions.find((one) => one.type === 'Failed' && one.status === 'True');
  if (failed?.reason !== 'PodFailurePolicy') return [];
  const { message } = failed;
  if (/has condition DisruptionTarget/.test(message)) return [{ by: 'disruption', message }];
  const code = /failed with exit code (\d+)/.exec(message)?.[1];
  return code === undefined ? [] : [{ by: 'exit', code: Number(code), message }];
}

/** Kueue sets Preempted beside Evicted, with the same message; what counts for a job is that its place is gone. */
export function observeQueue(entry: QueueEntry): SeenQueue {
  const { conditions, unhealthyNodes } = entry.status;
  const reserved = conditionOf(conditions, 'QuotaReserved');
  return {
    reservedAtMs: reserved?.status === 'True' ? at(reserved.lastTransitionTime) : undefined,
    admitted: conditionOf(conditions, 'Admitted')?.status === 'True',
    pending: reserved?.status === 'False' ? reserved.message : '',
    evicted: eviction(entry),
    brokenNodes: unhealthyNodes.map((node) => node.name),
  };
}

/** Until the same object is admitted again, Evicted stays true. */
function eviction({ status }: QueueEntry): SeenEviction | undefined {
  const evicted = conditionOf(status.conditions, 'Evicted');
  if (evicted?.status !== 'True') return undefined;
  const again = status.requeueState?.requeueAt;
  return {
    reason: evicted.reason,
    message: evicted.message,
    atMs: at(evicted.lastTransitionTime),
    againAtMs: again === undefined ? undefined : at(again),
  };
}

function heldQuota(entry: QueueEntry): HeldQuota[] {
  const evicted = eviction(entry);
  const holds = conditionOf(entry.status.conditions, 'QuotaReserved')?.status === 'True';
  const over = conditionOf(entry.status.conditions, 'Finished')?.status === 'True';
  return evicted !== undefined && holds && !over ? [{ name: entry.metadata.name, evicted }] : [];
}

const conditionOf = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find((one) => one.type === type);

export function observePod(pod: Pod): SeenPod {
  const [container] = pod.status.containerStatuses;
  const starting = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses];
  const disruption = pod.status.conditions.find((one) => one.type === 'DisruptionTarget' && one.status === 'True');
  const scheduled = pod.status.conditions.find((one) => one.type === 'PodScheduled');
  const ended = container?.state.terminated;
  return {
    name: pod.metadata.name,
    node: pod.spec.nodeName,
    phase: phaseOf(pod.status.phase),
    exit: ended === undefined ? undefined : { code: ended.exitCode, reason: ended.reason, message: ended.message },
    waiting: starting.map((one) => one.state.waiting).find((waiting) => waiting !== undefined)?.reason,
    // A kubelet that evicts says so in the status' own reason too, older ones only there.
    disruption: disruption?.reason ?? (pod.status.reason === 'Evicted' ? 'TerminationByKubeletEviction' : undefined),
    unscheduled: unscheduled(scheduled),
    createdAtMs: at(pod.metadata.creationTimestamp),
    // The API server adds the grace period: it is the time by which the pod is to be gone.
    goneByMs: pod.metadata.deletionTimestamp === undefined ? undefined : at(pod.metadata.deletionTimestamp),
  };
}

function unscheduled(condition: Condition | undefined): string | undefined {
  if (condition?.status !== 'False') return undefined;
  return condition.message === '' ? condition.reason : condition.message;
}

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed'] as const;
const phaseOf = (phase: string): SeenPod['phase'] => PHASES.find((one) => one === phase) ?? 'Unknown';
const at = (time: string | undefined): number => (time === undefined ? Date.now() : Date.parse(time));
