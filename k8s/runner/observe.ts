// From the cluster's objects to what the policy judges (policies/job-stop.ts).
import type { SeenJob, SeenPod } from '../../policies/job-stop.ts';
import type { Condition, Pod, Workload } from '../cluster/objects.ts';

/** Condition types by which a Job (Complete, Failed) and a JobSet (Completed, Failed) say that they have ended. */
const ENDS: Readonly<Record<string, 'complete' | 'failed'>> = {
  Complete: 'complete',
  Completed: 'complete',
  Failed: 'failed',
};

export function observeJob(job: Workload, pods: readonly Pod[]): SeenJob {
  const end = job.status.conditions.find((one) => one.status === 'True' && ENDS[one.type] !== undefined);
  return {
    ended: end === undefined ? undefined : ENDS[end.type],
    reason: end === undefined ? '' : [end.reason, end.message].filter((text) => text !== '').join(': '),
    suspended: job.spec.suspend,
    createdAtMs: at(job.metadata.creationTimestamp),
    pods: pods.map(observePod),
  };
}

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
  };
}

function unscheduled(condition: Condition | undefined): string | undefined {
  if (condition?.status !== 'False') return undefined;
  return condition.message === '' ? condition.reason : condition.message;
}

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed'] as const;
const phaseOf = (phase: string): SeenPod['phase'] => PHASES.find((one) => one === phase) ?? 'Unknown';
const at = (time: string | undefined): number => (time === undefined ? Date.now() : Date.parse(time));
