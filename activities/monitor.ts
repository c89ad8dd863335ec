// Watches a training while it runs: its logs are read as they grow, and what is sure enough is told to its campaign before the job ends.
import { basename } from 'node:path';
import { z } from 'zod';
import { REMEDIES } from '../agents/diagnosis/remedies.ts';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Cause, type Diagnosis, suspectedCause } from '../contracts/diagnosis.ts';
import type { JobDocument, JobState } from '../contracts/job.ts';
import { type Sighting, sighting, type WatchOrder } from '../contracts/monitor.ts';
import { ownLogName, sightingName } from '../contracts/names.ts';
import { HANG_CONFIDENCE, isWorthTelling, KEPT_GAPS, linesOf, standsStill, type Told } from '../policies/monitor.ts';
import type { Documents } from './read.ts';

/** The logs of a job as files that grow. */
export interface GrowingLogs {
  readonly paths: readonly string[];
  /** Bytes that there are by now. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}

export interface MonitorPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly logsOf: (name: JobDocument['name']) => Promise<GrowingLogs>;
  readonly follow: (
    paths: readonly string[],
    options: { signal: AbortSignal; everyMs: number; tell(): void; saw(found: Diagnosis): void },
  ) => Promise<Diagnosis>;
  /** Tells a workflow. Told twice, it is the same thing. */
  readonly raise: (workflow: string, seen: Sighting) => Promise<void>;
  readonly now: () => number;
  /** Of looks; a second unless given. */
  readonly everyMs?: number;
}

type Running = Extract<JobState, { phase: 'running' }>;

/** What the next attempt of the activity goes on with. What was told is in the store, and logs are read again from their beginning. */
const memory = z.object({
  watch: z.object({
    startedAt: z.string(),
    step: z.number(),
    quietMs: z.number(),
    gaps: z.array(z.number()).max(KEPT_GAPS),
  }),
});
export type WatchMemory = z.infer<typeof memory>;

export interface JobWatch {
  saw(state: Running): void;
  memory(): WatchMemory;
  close(): Promise<void>;
}
export type WatchJob = (document: JobDocument, order: WatchOrder, before: unknown) => JobWatch;

/** Whoever looked away for longer than this knows nothing of what was quiet meanwhile. */
const LOOKED_AWAY = 5;

export function createMonitor(ports: MonitorPorts): WatchJob {
  const { store, documents, raise, now, everyMs = 1_000 } = ports;

  return function watch(document, order, before) {
    const { name, specHash } = document;
    const known = memory.safeParse(before).data?.watch;
    const pace = known === undefined ? { startedAt: '', step: 0, quietMs: 0, gaps: [] as number[] } : { ...known };
    const over = new AbortController();
    let sinceStep = now();
    let steps: 'unknown' | 'counted' = 'unknown';
    let waiting = false;
    let found: Diagnosis | undefined;
    let first: { cause: Cause; atMs: number; numbers: number } | undefined;
    const told: Told[] = [];

    const watching = go().catch((failure: unknown) => {
      // Nobody watches then; the job itself is waited for as before.
      if (!over.signal.aborted) process.stderr.write(`monitor of ${name}: ${String(failure)}\n`);
    });

    async function go(): Promise<void> {
      await tellAgain();
      const logs = await ports.logsOf(name);
      const { signal } = over;
      const following = ports.follow(logs.paths, { signal, everyMs, tell: () => {}, saw: consider });
      try {
        let looked = now();
        let bytes = -1;
        while (!signal.aborted) {
          await pause(everyMs, signal);
          const at = now();
          const passed = at - looked;
          looked = at;
          const size = await logs.bytes();
          if (size !== bytes || waiting) pace.quietMs = 0;
          else if (passed < LOOKED_AWAY * everyMs) pace.quietMs += passed;
          bytes = size;
          if (!signal.aborted) await judge(logs, at);
        }
      } finally {
        over.abort();
        await following;
        await logs.close();
      }
    }

    function consider(now_: Diagnosis): void {
      found = now_;
      if (first?.cause !== now_.cause) first = { cause: now_.cause, atMs: now(), numbers: now_.read.metrics };
    }

    async function judge(logs: GrowingLogs, at: number): Promise<void> {
      if (found === undefined || first === undefined) return;
      const { cause, confidence, read } = found;
      const seen = { cause, confidence, stoodMs: at - first.atMs, numbers: read.metrics - first.numbers };
      if (isWorthTelling(seen, told, at)) return tell(logs, found, at);
      const total = document.algorithm.steps;
      const why = standsStill({ gaps: pace.gaps, quietMs: pace.quietMs, done: pace.step, total }, order.hangAfterMs);
      if (why === undefined) return;
      const hang = { cause: 'silent-hang', confidence: HANG_CONFIDENCE, stoodMs: pace.quietMs, numbers: 0 } as const;
      if (!isWorthTelling(hang, told, at)) return;
      const { confidence: sure } = hang;
      const remedies = [...REMEDIES['silent-hang']];
      await tell(
        logs,
        { ...found, cause: hang.cause, confidence: sure, summary: `It stands still: ${why}`, remedies },
        at,
      );
    }

    /** The object first, then the name, then the campaign: whoever dies in between tells the same again. */
    async function tell(logs: GrowingLogs, seen: Diagnosis, at: number): Promise<void> {
      const kept: { name: string; object: ArtifactRef }[] = [];
      for (const path of logs.paths) {
        const object = await store.putFile(path).catch(() => undefined);
        if (object === undefined || object.bytes === 0) continue;
        await store.createNamed(ownLogName(object.sha256), name);
        kept.push({ name: basename(path), object });
      }
      const one: Sighting = {
        ...({ schema: 'anneal/sighting/v1', job: name, specHash } as const),
        ...{
          cause: suspectedCause.parse(seen.cause),
          summary: seen.summary.slice(0, 500),
          confidence: seen.confidence,
        },
        ...{ step: pace.step === 0 ? null : pace.step, at: new Date(at).toISOString(), lines: linesOf(seen) },
        ...{ diagnosis: await documents.write(seen), logs: kept },
      };
      const key = sightingName(name, specHash, seen.cause);
      await store.createNamed(key, canonicalJson(one));
      told.push({ cause: seen.cause, atMs: at });
      await insist(await read(key));
    }

    async function tellAgain(): Promise<void> {
      for (const key of (await store.listNamed(sightingName(name, specHash, ''))).sort()) {
        const one = await read(key);
        told.push({ cause: one.cause, atMs: Date.parse(one.at) });
        await insist(one);
      }
    }

    async function read(key: string): Promise<Sighting> {
      return sighting.parse(JSON.parse(new TextDecoder().decode((await store.readNamed(key))!.bytes)));
    }

    async function insist(one: Sighting): Promise<void> {
      while (!over.signal.aborted) {
        try {
          return await raise(order.reportTo, one);
        } catch {
          // Temporal is away for a moment; the job runs on.
          await pause(3 * everyMs, over.signal);
        }
      }
    }

    return {
      saw({ step = 0, startedAt, waiting: why }) {
        waiting = why !== undefined;
        if (startedAt !== pace.startedAt) {
          // Another process: it loads and compiles before its first step.
          Object.assign(pace, { startedAt, quietMs: 0 });
          steps = 'unknown';
        }
        if (waiting) sinceStep = now();
        if (step <= pace.step) return;
        if (steps === 'counted') pace.gaps.push((now() - sinceStep) / (step - pace.step));
        if (pace.gaps.length > KEPT_GAPS) pace.gaps.shift();
        steps = 'counted';
        sinceStep = now();
        Object.assign(pace, { step, quietMs: 0 });
      },
      memory: () => ({ watch: { ...pace, gaps: pace.gaps.map(Math.round) } }),
      async close() {
        over.abort();
        await watching;
      },
    };
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
