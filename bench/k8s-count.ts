// Counts objects as the API server tells of them, at as little cost as possible: the watcher is not what is measured.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import { isPassing } from '../k8s/cluster/failure.ts';
import type { Cluster } from '../k8s/cluster/request.ts';
import { readLines } from '../k8s/watch/lines.ts';

const PATIENCE = { answerMs: 30_000, silenceMs: 120_000, longestLine: 1 << 20 };
const AGAIN_MS = 50;
const listed = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** The object's own stands first in it. */
const VERSION = /"resourceVersion":"(\d+)"/;

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Counts what is added from now on. `reached`: when the last one was told, by `performance.now()`. */
export async function countAdded(
  cluster: Cluster,
  path: string,
  labels: Readonly<Record<string, string>>,
  wanted: number,
  limitMs: number,
): Promise<{ readonly reached: Promise<number> }> {
  const labelSelector = selectorOf(labels);
  const { body } = await cluster.ask({ method: 'GET', path, query: { labelSelector, limit: 1 } });
  let from = listed.parse(body).metadata.resourceVersion;
  const stop = AbortSignal.timeout(limitMs);
  const count = async (): Promise<number> => {
    let added = 0;
    while (!stop.aborted) {
      // A server ends the watch of a client that does not keep up with a burst; it goes on from there.
      const ask = { method: 'GET', path, query: { labelSelector, watch: true, resourceVersion: from } } as const;
      try {
        for await (const { text, whole } of readLines(cluster, ask, PATIENCE, stop)) {
          if (!whole) continue;
          from = VERSION.exec(text)?.[1] ?? from;
          if (text.startsWith('{"type":"ADDED"')) added += 1;
          if (added === wanted) return performance.now();
        }
      } catch (failure) {
        if (!isPassing(asAnnealError(failure))) throw failure;
        // Refused at once, it would be asked again at once, and nothing else would get a turn: the end of the benchmark neither.
        await sleep(AGAIN_MS);
      }
    }
    throw new AnnealError(
      'cluster.unavailable',
      `${added} of ${wanted} objects below ${path} within ${limitMs / 1000} s`,
    );
  };
  return { reached: count() };
}
