// The pods of the jobs that somebody waits for, told by one watch a job: a job is looked at every few seconds for days, and a list
// of its pods each time is paid by the API server and by whoever parses it. A watch also tells of a pod that is gone by the next look.
//
// Nothing rests on it. While a watch is in trouble, and now and then when it is not, there is no answer here and the pods are listed.
import type { AnnealError } from '../../contracts/errors.ts';
import type { JobName } from '../../contracts/ids.ts';
import type { SeenDisruption } from '../../policies/job-stop-seen.ts';
import { type Pod, pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { pathOf } from '../cluster/workloads.ts';
import { ATTEMPT, JOB } from '../labels.ts';
import { type Informer, startInformer, type Timings } from '../watch/informer.ts';
import { disruptionOf } from './observe.ts';

export interface PodWatch {
  /** A look: begins to follow the job. Undefined: the API server is to be asked. */
  podsOf(name: JobName, attempt: number): readonly Pod[] | undefined;
  /** What was told while the job was followed, also of pods that are gone; one for each pod. */
  disruptionsOf(name: JobName, attempt: number): readonly SeenDisruption[];
  close(): Promise<void>;
}

export interface PodWatchOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly onTrouble?: (trouble: AnnealError) => void;
  /** A job that nobody has looked at for so long is not followed any more. */
  readonly idleMs?: number;
  /** Between two looks that ask the API server: a connection that is open on our side only tells nothing for up to 100 s. */
  readonly askMs?: number;
  readonly timings?: Partial<Timings>;
}

interface Followed {
  readonly informer: Informer<Pod>;
  readonly disrupted: Map<string, Map<string, SeenDisruption>>;
  lookedAt: number;
  askedAt: number;
}

const IDLE_MS = 60_000;
const ASK_MS = 30_000;

export function createPodWatch(options: PodWatchOptions): PodWatch {
  const { cluster, namespace, onTrouble, timings, idleMs = IDLE_MS, askMs = ASK_MS } = options;
  const jobs = new Map<JobName, Followed>();

  function follow(name: JobName): Followed {
    const disrupted: Followed['disrupted'] = new Map();
    const see = (seen: Pod): void => {
      const attempt = seen.metadata.labels[ATTEMPT] ?? '';
      const known = disrupted.get(attempt) ?? new Map<string, SeenDisruption>();
      disrupted.set(attempt, known);
      for (const one of disruptionOf(seen)) if (!known.has(one.pod)) known.set(one.pod, one);
    };
    const informer = startInformer({
      ...{ cluster, path: pathOf('Pod', namespace), labels: { [JOB]: name }, schema: pod },
      on: { added: see, changed: see },
      ...(onTrouble === undefined ? {} : { onTrouble }),
      ...(timings === undefined ? {} : { timings }),
    });
    return { informer, disrupted, lookedAt: 0, askedAt: Number.NEGATIVE_INFINITY };
  }

  function forgetIdle(): void {
    for (const [name, { informer, lookedAt }] of jobs) {
      if (performance.now() - lookedAt < idleMs) continue;
      jobs.delete(name);
      void informer.close();
    }
  }
  const timer = setInterval(forgetIdle, idleMs / 2);
  timer.unref();

  return {
    podsOf(name, attempt) {
      const job = jobs.get(name) ?? follow(name);
      jobs.set(name, job);
      const now = performance.now();
      job.lookedAt = now;
      if (!job.informer.isCurrent || now - job.askedAt >= askMs) {
        job.askedAt = now;
        return undefined;
      }
      return job.informer.list().filter(({ metadata }) => metadata.labels[ATTEMPT] === `${attempt}`);
    },

    disruptionsOf: (name, attempt) => [...(jobs.get(name)?.disrupted.get(`${attempt}`)?.values() ?? [])],

    async close() {
      clearInterval(timer);
      await Promise.all([...jobs.values()].map(({ informer }) => informer.close()));
      jobs.clear();
    },
  };
}
