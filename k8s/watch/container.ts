// Which run of a container its pod's status speaks of, and whether another will follow.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Cluster } from '../cluster/request.ts';
import { pathOf } from '../cluster/workloads.ts';

const statusOfOne = z.object({
  name: z.string(),
  restartCount: z.int().nonnegative().default(0),
  state: z
    .object({ running: z.object({}).optional(), terminated: z.object({ exitCode: z.int() }).optional() })
    .prefault({}),
  lastState: z.object({ terminated: z.object({}).optional() }).prefault({}),
});
const pod = z.object({
  metadata: z.object({ uid: z.string() }),
  spec: z.object({ restartPolicy: z.string().default('Always') }).prefault({}),
  status: z
    .object({
      phase: z.string().default('Pending'),
      initContainerStatuses: z.array(statusOfOne).default([]),
      containerStatuses: z.array(statusOfOne).default([]),
    })
    .prefault({}),
});

export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface Run {
  /** Of the pod: one of the same name that was created again is another. */
  readonly uid: string;
  /** 0 for the container's first run in its pod. */
  readonly number: number;
  /** `starting`: it has no log yet. */
  readonly state: 'starting' | 'running' | 'ended';
  /** No run follows in this pod. */
  readonly last: boolean;
}

/** @returns undefined when the pod is not there */
export async function lookAtRun(cluster: Cluster, where: LogSource, signal: AbortSignal): Promise<Run | undefined> {
  const path = pathOf('Pod', where.namespace, where.pod);
  const { status, body } = await cluster.ask({ method: 'GET', path }, [404], signal);
  if (status === 404) return undefined;
  const parsed = pod.safeParse(body);
  if (!parsed.success) throw new AnnealError('cluster.unavailable', `GET ${path}: not a pod: ${parsed.error}`);
  return runOf(parsed.data, where.container);
}

function runOf({ metadata, spec, status }: z.infer<typeof pod>, container: string): Run {
  const isOver = /^(Succeeded|Failed)$/.test(status.phase);
  const init = status.initContainerStatuses.find((one) => one.name === container);
  const found = init ?? status.containerStatuses.find((one) => one.name === container);
  // Before its kubelet has seen it, a pod has no statuses.
  if (found === undefined) return { uid: metadata.uid, number: 0, state: 'starting', last: isOver };
  const { running, terminated } = found.state;
  // A container that waits to be started again still has the number, and the log, of the run that has ended.
  const hasEnded = terminated !== undefined || (running === undefined && found.lastState.terminated !== undefined);
  const done = terminated !== undefined && terminated.exitCode === 0;
  const stays = spec.restartPolicy === 'Never' || (done && (spec.restartPolicy === 'OnFailure' || init !== undefined));
  return {
    uid: metadata.uid,
    number: found.restartCount,
    state: running !== undefined ? 'running' : hasEnded ? 'ended' : 'starting',
    last: isOver || (terminated !== undefined && stays),
  };
}
