// What Kueue says of a job that waits in one of its queues.
import { AnnealError } from '../../contracts/errors.ts';
import type { QueueEntry, Workload } from '../cluster/objects.ts';
import type { Workloads } from '../cluster/workloads.ts';
import { QUEUE, QUEUED_JOB } from '../labels.ts';
import type { QueueEntries } from './observe.ts';

/** All entries of a namespace are many and large; who waits is told what holds it back no sooner than this. */
const OTHERS_MS = 30_000;
/** The API server asks Kueue to convert its objects: while Kueue is away they cannot be read, and a job is looked at without. */
const ANSWER_MS = 3_000;
const SILENT_MS = 10_000;

export interface Admission {
  /** @throws AnnealError `cluster.missing_crd`, `cluster.not_found`: nobody would ever admit what is sent there */
  mustExist(queue: string): Promise<void>;
  /** Undefined for a job that waits in no queue. */
  entriesOf(job: Workload): Promise<QueueEntries | undefined>;
}

export function createAdmission(workloads: Workloads, namespace: string): Admission {
  let others: readonly QueueEntry[] = [];
  let othersAt = Number.NEGATIVE_INFINITY;
  let silentUntil = 0;

  async function around(own: QueueEntry | undefined): Promise<readonly QueueEntry[]> {
    if (performance.now() - othersAt > OTHERS_MS) {
      others = await workloads.queueEntries(namespace, {}, AbortSignal.timeout(ANSWER_MS));
      othersAt = performance.now();
    }
    return others.filter((one) => one.metadata.uid !== own?.metadata.uid);
  }

  return {
    async mustExist(queue) {
      const queues = (await workloads.list('LocalQueue', namespace, {})).map((one) => one.metadata.name);
      if (queues.includes(queue)) return;
      const there = queues.length === 0 ? 'none at all' : queues.join(', ');
      const problem = `there is no LocalQueue ${queue} in the namespace ${namespace}; there is ${there}`;
      throw new AnnealError('cluster.not_found', problem);
    },

    async entriesOf(job) {
      if (job.metadata.labels[QUEUE] === undefined) return undefined;
      const silent = { silent: true, own: undefined, others: [] };
      if (performance.now() < silentUntil) return silent;
      try {
        const signal = AbortSignal.timeout(ANSWER_MS);
        const [own] = await workloads.queueEntries(namespace, { [QUEUED_JOB]: job.metadata.uid }, signal);
        const waits = job.spec.suspend && own?.status.admission == null;
        return { silent: false, own, others: waits ? await around(own) : [] };
      } catch (failure) {
        if (!(failure instanceof AnnealError) || failure.code !== 'cluster.unavailable') throw failure;
        silentUntil = performance.now() + SILENT_MS;
        return silent;
      }
    },
  };
}
