// The cluster's nodes as a runner needs to know them: which ones to keep away from now. What is known is kept in the store, so that a
// worker that is started again, and every other worker, knows it too. Nodes themselves are only read.
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import {
  avoidedNodes,
  currentEntries,
  merged,
  NO_QUARANTINE,
  noteNode,
  noteStop,
  pruned,
  QUARANTINE_RULES,
  type Quarantine,
  type QuarantineEntry,
  type QuarantineRules,
  quarantine,
  type SeenStop,
} from '../../policies/quarantine.ts';
import { type NodeTrouble, troublesOf } from '../../policies/quarantine-health.ts';
import type { Cluster } from '../cluster/request.ts';
import { startInformer, type Timings } from './informer.ts';

export interface NodeWatchOptions {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  /** Of the cluster, within the store: workers of the same name share what they know. Letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  /** Only nodes with these labels are looked at. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules?: QuarantineRules;
  readonly onTrouble?: (trouble: AnnealError) => void;
  readonly now?: () => number;
  /** How often what others have learnt is read, and what was learnt here is written. */
  readonly shareMs?: number;
  readonly timings?: Partial<Timings>;
}

export interface NodeWatch {
  /** Fits `KubernetesRunnerOptions.quarantined`. */
  readonly quarantined: () => readonly string[];
  /** For people: what counts now, with reason and end. */
  entries(): QuarantineEntry[];
  /** Durable when it returns, unless the store fails, which is reported; the stop counts here all the same. */
  noteStop(stop: SeenStop): Promise<void>;
  /** Resolves when all nodes have been seen once. @throws AnnealError `cluster.denied` without the right to read nodes */
  synced(withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

const SHARE_MS = 60_000;
/** An entry is written again when its end has moved by this part of its time: nodes repeat what they say every few minutes. */
const WORTH = 0.25;

const node = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), resourceVersion: z.string() }),
  spec: z
    .object({ taints: z.array(z.object({ key: z.string(), effect: z.string().default('') })).default([]) })
    .prefault({}),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: z.string().default('') }))
        .default([]),
    })
    .prefault({}),
});

/** Reads what the store knows before it returns. @throws AnnealError `store.*` */
export async function watchNodes(options: NodeWatchOptions): Promise<NodeWatch> {
  const { store, rules = QUARANTINE_RULES, now = Date.now, onTrouble } = options;
  const key = `quarantine/${options.name}`;
  /** What is wrong with nodes at this moment; it holds for as long as the node says so. */
  const ill = new Map<string, readonly NodeTrouble[]>();
  let list: Quarantine = pruned((await read()).content, now(), rules);
  let kept = list;

  async function read(): Promise<{ content: Quarantine; tag: string | null }> {
    const found = await store.readNamed(key);
    if (found === undefined) return { content: NO_QUARANTINE, tag: null };
    const parsed = quarantine.safeParse(parseJson(found.bytes));
    // It is advice, and is learnt again: another version's or a damaged one must not stop a worker.
    if (!parsed.success)
      onTrouble?.(new AnnealError('store.corrupt_object', `${key} is not a quarantine: ${parsed.error}`));
    return { content: parsed.data ?? NO_QUARANTINE, tag: found.tag };
  }

  function renew(): void {
    for (const [name, troubles] of ill) list = noteNode(list, name, troubles, now(), rules);
  }

  /** Several workers write: each adds to what it finds. */
  async function share(): Promise<void> {
    for (;;) {
      const { content, tag } = await read();
      renew();
      list = pruned(merged(list, content), now(), rules);
      kept = content;
      if (!isWorthKeeping(list, kept, now())) return;
      if (await store.swapNamed(key, tag, `${JSON.stringify(list)}\n`)) {
        kept = list;
        return;
      }
    }
  }

  /** One at a time; a failure is reported, and the next turn tries again. */
  let sharing: Promise<void> = Promise.resolve();
  const sharesNow = (): Promise<void> => {
    sharing = sharing.then(share).catch((failure: unknown) => onTrouble?.(asAnnealError(failure)));
    return sharing;
  };

  const see = (seen: z.infer<typeof node>): void => {
    const { name } = seen.metadata;
    const troubles = troublesOf({ name, taints: seen.spec.taints, conditions: seen.status.conditions });
    if (troubles.length === 0) ill.delete(name);
    else ill.set(name, troubles);
    list = noteNode(list, name, troubles, now(), rules);
  };
  const informer = startInformer({
    cluster: options.cluster,
    path: '/api/v1/nodes',
    schema: node,
    on: { added: see, changed: see, deleted: ({ metadata }) => void ill.delete(metadata.name) },
    ...(options.labels === undefined ? {} : { labels: options.labels }),
    ...(onTrouble === undefined ? {} : { onTrouble }),
    ...(options.timings === undefined ? {} : { timings: options.timings }),
  });
  const timer = setInterval(() => void sharesNow(), options.shareMs ?? SHARE_MS);
  timer.unref();

  return {
    quarantined() {
      renew();
      return avoidedNodes(list, now(), informer.size, rules);
    },
    entries() {
      renew();
      return currentEntries(list, now());
    },
    async noteStop(stop) {
      const before = list;
      list = noteStop(list, stop, now(), rules);
      if (list !== before) await sharesNow();
    },
    synced: (withinMs) => informer.synced(withinMs),
    async close() {
      clearInterval(timer);
      await informer.close();
      await sharesNow();
    },
  };
}

function isWorthKeeping(list: Quarantine, kept: Quarantine, nowMs: number): boolean {
  const blames = new Set(kept.blames.map((one) => `${one.attempt} ${one.node}`));
  if (list.blames.some((one) => !blames.has(`${one.attempt} ${one.node}`))) return true;
  const ends = new Map(kept.entries.map((one) => [`${one.node} ${one.reason}`, one.untilMs]));
  return list.entries.some((one) => {
    const end = ends.get(`${one.node} ${one.reason}`);
    return end === undefined || one.untilMs - end > WORTH * (one.untilMs - nowMs);
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
