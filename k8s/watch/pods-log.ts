// The logs of all pods that a selector finds, as one: those that are there, and those that come later.
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads, pathOf } from '../cluster/workloads.ts';
import { readLines } from './lines.ts';
import { followLog } from './log-follower.ts';

export interface PodsSource {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
}
export interface PodLine {
  readonly pod: Pod;
  readonly text: string;
}
export interface FollowPodsOptions {
  readonly signal: AbortSignal;
  /** No further pod will come. */
  readonly isOver: () => Promise<boolean>;
  readonly onGap: (what: string, pod: Pod) => void;
  readonly onTrouble: (trouble: AnnealError) => void;
}

const LOOK_MS = 1_000;
const PATIENCE = { answerMs: 15_000, silenceMs: 15_000, longestLine: 1 << 20 };
const MOST_TRIES = 5;

/** Ends by the signal, or when it is over and every pod has been told. @throws AnnealError `cluster.denied` and what else does not pass */
export async function* followPods(
  cluster: Cluster,
  source: PodsSource,
  options: FollowPodsOptions,
): AsyncGenerator<PodLine> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const lines = createQueue<PodLine>();
  const followed = new Map<string, Promise<void>>();

  async function follow(pod: Pod): Promise<void> {
    const { onTrouble } = options;
    const one = { namespace: source.namespace, pod: pod.metadata.name, container: source.container };
    const onGap = (what: string): void => options.onGap(what, pod);
    for await (const { text } of followLog(cluster, one, { signal, onGap, onTrouble })) await lines.put({ pod, text });
  }

  async function look(): Promise<void> {
    while (!signal.aborted) {
      // Asked first: what is over has no pod that the list after it does not show.
      const isOver = await options.isOver();
      const found = await podsOf(cluster, source, signal).catch((failure: unknown) => {
        const trouble = asAnnealError(failure);
        if (trouble.code !== 'cluster.unavailable') throw trouble;
        if (!signal.aborted) options.onTrouble(trouble);
        return undefined;
      });
      for (const pod of found ?? []) {
        if (!followed.has(pod.metadata.uid)) followed.set(pod.metadata.uid, follow(pod).catch(lines.fail));
      }
      if (isOver && found !== undefined) break;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(followed.values());
  }

  const looking = look().then(lines.end, lines.fail);
  try {
    yield* lines.take();
  } finally {
    stop.abort();
    // Nobody takes any more.
    lines.end();
    await Promise.all([looking, ...followed.values()]);
  }
}

/** What a pod has said so far. @throws AnnealError `cluster.*` */
export async function readPod(cluster: Cluster, { namespace, container }: PodsSource, pod: Pod): Promise<string[]> {
  const path = `${pathOf('Pod', namespace, pod.metadata.name)}/log`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const told: string[] = [];
      const ask = { method: 'GET', path, query: { container } } as const;
      for await (const { text } of readLines(cluster, ask, PATIENCE, new AbortController().signal)) told.push(text);
      return told;
    } catch (failure) {
      const { code } = asAnnealError(failure);
      // Its container has not begun, or the pod is gone.
      if (code === 'cluster.rejected' || code === 'cluster.not_found') return [];
      if (code !== 'cluster.unavailable' || attempt === MOST_TRIES) throw failure;
      await sleep(LOOK_MS);
    }
  }
}

/** By age. */
export async function podsOf(cluster: Cluster, source: PodsSource, signal?: AbortSignal): Promise<Pod[]> {
  const found = await createWorkloads(cluster).pods(source.namespace, source.labels, signal);
  const born = ({ metadata }: Pod): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return found.sort((one, other) => (born(one) < born(other) ? -1 : 1));
}

/** From several writers to one reader. Who puts waits until it is taken, so that memory stays bounded. */
function createQueue<T>() {
  const waiting: { readonly item: T; readonly taken: () => void }[] = [];
  let ended = false;
  let failure: { readonly cause: unknown } | undefined;
  let wake = Promise.withResolvers<void>();
  const changed = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  return {
    put: (item: T): Promise<void> =>
      new Promise((taken) => {
        if (ended) return taken();
        waiting.push({ item, taken });
        changed();
      }),
    fail: (cause: unknown): void => {
      failure ??= { cause };
      changed();
    },
    end: (): void => {
      ended = true;
      for (const { taken } of waiting.splice(0)) taken();
      changed();
    },
    async *take(): AsyncGenerator<T> {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) {
          next.taken();
          yield next.item;
        } else if (failure !== undefined) throw failure.cause;
        else if (ended) return;
        else await wake.promise;
      }
    },
  };
}
