// What a job's pods leave in the artifact store (trainer/anneal_trainer/pod.py): it outlives every object of the cluster.
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { JobName } from '../../contracts/ids.ts';
import {
  type JobDocument,
  type JobResult,
  jobDocument,
  jobResult,
  type StepMetrics,
  stepMetrics,
} from '../../contracts/job.ts';
import type { SeenDisruption } from '../../policies/job-stop-seen.ts';

const disruption = z.object({ pod: z.string(), node: z.string().nullable(), reason: z.string() });

export interface JobRecords {
  /** The document as it was first submitted, or this one, which is so now. */
  keepDocument(document: JobDocument): Promise<JobDocument>;
  document(name: JobName): Promise<JobDocument | undefined>;
  /** Undefined while there is none for the document. */
  result(document: JobDocument): Promise<JobResult | undefined>;
  resultText(name: JobName): Promise<Uint8Array | undefined>;
  /** One entry a step; a later attempt's counts. */
  metrics(name: JobName): Promise<StepMetrics[]>;
  /** Notes that an attempt begins, before anything is created for it. */
  beginAttempt(name: JobName, attempt: number): Promise<void>;
  /** Notes that its object was on the cluster. */
  attemptCreated(name: JobName, attempt: number): Promise<void>;
  /** The newest that was noted (0: none), and whether its object was on the cluster. */
  newestAttempt(name: JobName): Promise<{ readonly attempt: number; readonly created: boolean }>;
  /** 0: none has begun. */
  lastAttempt(name: JobName): Promise<number>;
  /** The first disruptions that were seen of an attempt's pods: the pods themselves are deleted soon after. */
  noteDisruptions(name: JobName, attempt: number, seen: readonly SeenDisruption[]): Promise<void>;
  disruptions(name: JobName, attempt: number): Promise<readonly SeenDisruption[]>;
  /** Notes that an attempt was killed for lack of memory: the next one computes in smaller pieces. */
  noteOutOfMemory(name: JobName, attempt: number): Promise<void>;
  /** Attempts that were. */
  outOfMemory(name: JobName): Promise<number>;
  /** The end of an attempt's log, once the pod has left it. */
  log(name: JobName, attempt: number): Promise<string[]>;
  error(name: JobName, attempt: number): Promise<string | undefined>;
}

export function createJobRecords(store: ArtifactStore): JobRecords {
  const read = async (key: string): Promise<string | undefined> => {
    const found = await store.readNamed(key);
    return found === undefined ? undefined : new TextDecoder().decode(found.bytes);
  };
  /** Chunks never change once written: each is fetched once. */
  const chunks = new Map<string, readonly StepMetrics[]>();
  /** The first note counts: a job is looked at many times a minute. */
  const noted = new Set<string>();

  async function document(name: JobName): Promise<JobDocument | undefined> {
    const text = await read(`jobs/${name}/job`);
    if (text === undefined) return undefined;
    const parsed = jobDocument.safeParse(JSON.parse(text));
    if (!parsed.success) throw new AnnealError('job.failed', `jobs/${name}/job is not a job document: ${parsed.error}`);
    return parsed.data;
  }

  async function newestAttempt(name: JobName): Promise<{ attempt: number; created: boolean }> {
    const keys = await store.listNamed(`jobs/${name}/attempts/`);
    const attempt = keys.reduce(
      (last, key) => Math.max(last, Number(/\/attempts\/(\d+)\/begun$/.exec(key)?.[1] ?? 0)),
      0,
    );
    return { attempt, created: keys.some((key) => key.endsWith(`/attempts/${attempt}/created`)) };
  }

  return {
    document,

    async keepDocument(given) {
      const key = `jobs/${given.name}/job`;
      if (await store.createNamed(key, `${JSON.stringify(given, undefined, 2)}\n`)) return given;
      return (await document(given.name)) ?? given;
    },

    async result({ name, specHash }) {
      const text = await read(`jobs/${name}/result`);
      const parsed = text === undefined ? undefined : jobResult.safeParse(JSON.parse(text));
      return parsed?.success === true && parsed.data.specHash === specHash ? parsed.data : undefined;
    },

    resultText: async (name) => (await store.readNamed(`jobs/${name}/result`))?.bytes,

    async metrics(name) {
      const steps = new Map<number, StepMetrics>();
      for (const key of await store.listNamed(`jobs/${name}/metrics/`)) {
        const lines = chunks.get(key) ?? linesOf((await read(key)) ?? '');
        chunks.set(key, lines);
        for (const line of lines) steps.set(line.step, line);
      }
      return [...steps.values()].sort((a, b) => a.step - b.step);
    },

    async beginAttempt(name, attempt) {
      await store.createNamed(`jobs/${name}/attempts/${attempt}/begun`, '');
    },

    async attemptCreated(name, attempt) {
      await store.createNamed(`jobs/${name}/attempts/${attempt}/created`, '');
    },

    newestAttempt,
    lastAttempt: async (name) => (await newestAttempt(name)).attempt,

    async noteDisruptions(name, attempt, seen) {
      const key = `jobs/${name}/attempts/${attempt}/disrupted`;
      const note = seen.map((one) => ({ ...one, node: one.node ?? null }));
      if (!noted.has(key)) await store.createNamed(key, `${JSON.stringify(note)}\n`);
      noted.add(key);
    },

    async disruptions(name, attempt) {
      const text = await read(`jobs/${name}/attempts/${attempt}/disrupted`);
      const found = text === undefined ? [] : z.array(disruption).parse(JSON.parse(text));
      return found.map((one) => ({ ...one, node: one.node ?? undefined }));
    },

    async noteOutOfMemory(name, attempt) {
      const key = `jobs/${name}/attempts/${attempt}/out-of-memory`;
      if (!noted.has(key)) await store.createNamed(key, '');
      noted.add(key);
    },

    async outOfMemory(name) {
      const keys = await store.listNamed(`jobs/${name}/attempts/`);
      return keys.filter((key) => key.endsWith('/out-of-memory')).length;
    },

    async log(name, attempt) {
      const text = await read(`jobs/${name}/attempts/${attempt}/log`);
      return text === undefined ? [] : text.replace(/\n$/, '').split('\n');
    },

    error: (name, attempt) => read(`jobs/${name}/attempts/${attempt}/error`),
  };
}

function linesOf(text: string): StepMetrics[] {
  return text.split('\n').flatMap((line) => {
    const parsed = line === '' ? undefined : stepMetrics.safeParse(JSON.parse(line));
    return parsed?.success === true ? [parsed.data] : [];
  });
}
