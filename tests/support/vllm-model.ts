// A model of what happens to the weights of one vLLM 0.24 server, for tests: its workers as gpu_worker.py and
// model_loader/reload/layerwise.py treat them, with the ledger and the refusals of our worker class. `content` is what they
// really compute with, which no orchestrator can see.
import { randomUUID } from 'node:crypto';
import {
  type StoreUpdateInfo,
  type WeightCache,
  type WeightTag,
  type WorkerWeights,
  workerWeights,
} from '../../contracts/weight-update.ts';

export type Content = WeightTag | 'garbage' | 'as started';

/** Where a call stops: never begun at any worker, after the first half of the workers, or after all of them. */
export type StopsAfter = 'none' | 'half' | 'all';

export interface ModelWorker {
  readonly boot: string;
  readonly rank: number;
  fence: number;
  session: boolean;
  dirty: boolean;
  received: WeightTag | null;
  serving: WeightTag | null;
  cache: WeightCache | null;
  /** vLLM goes on counting loaded parameters where a failed load stopped, until a session is finished. */
  counting: boolean;
  content: Content;
}

export interface ModelServer {
  readonly workers: ModelWorker[];
  paused: boolean;
  /**
   * What its front end believes that it serves: as its workers said last, and nothing has begun to change since. For tests of the plan
   * alone; before scripted servers stands the real guard.
   */
  guard: WeightTag | null;
  /** Counts changes that have begun. */
  changes: number;
}

export class ModelRefusal extends Error {}

export function startModelServer(ranks: number, cache: readonly (WeightCache | null)[] = []): ModelServer {
  const workers = Array.from(
    { length: ranks },
    (_, rank): ModelWorker => ({
      ...{ boot: randomUUID(), rank, fence: 0, session: false, dirty: false },
      ...{ received: null, serving: null, cache: cache[rank] ?? null, counting: false, content: 'as started' },
    }),
  );
  return { workers, paused: false, guard: null, changes: 0 };
}

/** Runs one call at every worker, as the executor does: each on its own; the call has failed if one of them has. */
export function callWorkers(server: ModelServer, stops: StopsAfter, work: (worker: ModelWorker) => void): void {
  const reached = { none: 0, half: Math.ceil(server.workers.length / 2), all: server.workers.length }[stops];
  const failures: string[] = [];
  server.workers.slice(0, reached).forEach((worker) => {
    try {
      work(worker);
    } catch (failure) {
      failures.push((failure as Error).message);
    }
  });
  if (failures.length > 0) throw new ModelRefusal(failures[0]);
}

export function change(server: ModelServer): void {
  server.changes += 1;
  server.guard = null;
}

export const WORK = {
  init: (fence: number) => (worker: ModelWorker) => {
    if (fence < worker.fence) throw new Error(`update ${fence} gives way to update ${worker.fence}`);
    worker.fence = fence;
  },
  start: (worker: ModelWorker) => {
    if (worker.session) throw new Error('start_weight_update called while a weight update is already active.');
    worker.session = true;
  },
  /** `breaks`: the load fails in the middle. */
  update: (info: StoreUpdateInfo, breaks: boolean) => (worker: ModelWorker) => {
    if (info.fence !== worker.fence) throw new Error(`update ${info.fence} gives way to update ${worker.fence}`);
    if (!worker.session) throw new Error('start_weight_update must be called before update_weights.');
    if (worker.dirty) throw new Error('a load was broken off: finish this session first');
    if (worker.received !== null) throw new Error('these weights are here already: finish this session');
    worker.dirty = true;
    worker.cache = { tag: worker.cache?.tag ?? info.tag, toward: info.tag };
    if (breaks) {
      worker.session = false;
      worker.counting = true;
      worker.content = 'garbage';
      throw new Error('the load broke off');
    }
    worker.cache = { tag: info.tag, toward: null };
    worker.content = worker.counting ? 'garbage' : info.tag;
    worker.received = info.tag;
    worker.dirty = false;
  },
  finish: (worker: ModelWorker) => {
    if (!worker.session) throw new Error('finish_weight_update called without a matching start_weight_update.');
    worker.session = false;
    worker.counting = false;
    if (worker.dirty) worker.serving = null;
    else if (worker.received !== null) worker.serving = worker.received;
    worker.dirty = false;
    worker.received = null;
  },
};

export function describeWorkers(server: ModelServer): WorkerWeights[] {
  return server.workers.map(({ counting: _, content: __, ...worker }) =>
    workerWeights.parse({ schema: 'anneal/worker-weights/v1', ...worker }),
  );
}

/** What the front end takes from an answer that nothing has overtaken. */
export function learn(server: ModelServer, told: readonly WorkerWeights[]): void {
  server.guard = servingOf(told);
}

/** The one version that all workers compute with, outside of any session; null where there is none. */
export function servingOf(told: readonly WorkerWeights[]): WeightTag | null {
  const [first] = told;
  const steady = told.every((one) => !one.session && !one.dirty && one.serving === first?.serving);
  return steady ? (first?.serving ?? null) : null;
}

/** What a sample is made with: one thing on every worker, or garbage. */
export function contentOf(server: ModelServer): Content {
  const [first] = server.workers;
  const one = server.workers.every(({ content, session }) => content === first!.content && !session);
  return one ? first!.content : 'garbage';
}
