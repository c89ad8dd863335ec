// Which nodes to keep away from, and for how long. Pure: what nodes say of themselves, and what ended jobs say of nodes, go in; a list of
// entries with a reason and an end comes out.
//
// A node speaks of itself with certainty and again and again: its entry ends some time after its last word. A stopped job only suspects
// the nodes that it names: they share the blame, which adds up over jobs and fades.
import { z } from 'zod';
import { JOB_EXIT, type StopCause } from '../contracts/job.ts';
import { NODE_TROUBLES, type NodeTrouble } from './quarantine-health.ts';

/** A stop of a job that names nodes. */
export interface SeenStop {
  /** The attempt's name: the same stop reported again counts once. */
  readonly attempt: string;
  readonly cause: StopCause;
  readonly exitCode: number;
  readonly nodes: readonly string[];
}

/** Of what jobs say. */
const SUSPICIONS = ['node_lost', 'accelerator_failure'] as const;
const REASONS = [...NODE_TROUBLES, ...SUSPICIONS] as const;
export type QuarantineReason = (typeof REASONS)[number];

const entry = z.strictObject({
  node: z.string(),
  reason: z.enum(REASONS),
  /** For humans: the taint, the condition, the jobs. */
  detail: z.string(),
  sinceMs: z.number(),
  /** From then on it does not count. */
  untilMs: z.number(),
});
export type QuarantineEntry = z.infer<typeof entry>;

const blame = z.strictObject({
  attempt: z.string(),
  node: z.string(),
  reason: z.enum(SUSPICIONS),
  /** Of 1, which all the nodes share that a stop suspects. */
  share: z.number(),
  atMs: z.number(),
});
type Blame = z.infer<typeof blame>;

export const quarantine = z.strictObject({
  schema: z.literal('anneal/quarantine/v1'),
  /** One a node and reason. */
  entries: z.array(entry),
  blames: z.array(blame),
});
export type Quarantine = z.infer<typeof quarantine>;

export const NO_QUARANTINE: Quarantine = { schema: 'anneal/quarantine/v1', entries: [], blames: [] };

export interface QuarantineRules {
  /** How long an entry lasts after the last word. A suspicion lasts twice as long each time it is renewed, up to `longestMs`. */
  readonly lastsMs: Readonly<Record<QuarantineReason, number>>;
  readonly longestMs: number;
  /** Blame fades after so long. */
  readonly blameMs: number;
  /** This much blame makes an entry. */
  readonly enough: number;
  /** A failure of accelerators that names more nodes than this tells nothing about any of them. */
  readonly mostNamed: number;
  /** Suspicions never keep more than this part of the known nodes from work. */
  readonly mostSuspected: number;
  /** Names in the list for the scheduler; more would bloat every pod's manifest. */
  readonly mostAvoided: number;
  /** Entries, and blames, that are kept. */
  readonly mostKept: number;
}

const MINUTE = 60_000;
export const QUARANTINE_RULES: QuarantineRules = {
  lastsMs: {
    not_ready: 10 * MINUTE,
    unreachable: 15 * MINUTE,
    accelerator_health: 60 * MINUTE,
    node_lost: 30 * MINUTE,
    accelerator_failure: 120 * MINUTE,
  },
  longestMs: 24 * 60 * MINUTE,
  blameMs: 24 * 60 * MINUTE,
  enough: 0.5,
  mostNamed: 16,
  mostSuspected: 0.2,
  mostAvoided: 100,
  mostKept: 1_000,
};

/** What a node says of itself at this moment. A node that is well again stays in the list until its entries end. */
export function noteNode(
  list: Quarantine,
  node: string,
  troubles: readonly NodeTrouble[],
  nowMs: number,
  rules: QuarantineRules = QUARANTINE_RULES,
): Quarantine {
  return troubles.reduce(
    (noted, { reason, detail }) =>
      withEntry(noted, { node, reason, detail, sinceMs: nowMs, untilMs: nowMs + rules.lastsMs[reason] }, nowMs),
    list,
  );
}

/** Stops that are no node's fault leave the list as it is. */
export function noteStop(
  list: Quarantine,
  stop: SeenStop,
  nowMs: number,
  rules: QuarantineRules = QUARANTINE_RULES,
): Quarantine {
  const reason = suspicionOf(stop);
  const nodes = [...new Set(stop.nodes)];
  if (reason === undefined || list.blames.some((one) => one.attempt === stop.attempt)) return list;
  // A node that a job lost is lost; of a failure between accelerators nobody knows whose it was.
  const share = reason === 'node_lost' ? 1 : 1 / nodes.length;
  if (reason === 'accelerator_failure' && nodes.length > rules.mostNamed) return list;
  const blames = nodes.map((node): Blame => ({ attempt: stop.attempt, node, reason, share, atMs: nowMs }));
  const blamed = { ...list, blames: [...list.blames, ...blames] };
  return nodes.reduce((noted, node) => {
    const all = blamed.blames.filter(
      (one) => one.node === node && one.reason === reason && !isFaded(one, nowMs, rules),
    );
    if (all.reduce((sum, one) => sum + one.share, 0) < rules.enough) return noted;
    const lastsMs = Math.min(rules.longestMs, rules.lastsMs[reason] * 2 ** (all.length - 1));
    const detail = all.map((one) => one.attempt).join(', ');
    return withEntry(noted, { node, reason, detail, sinceMs: nowMs, untilMs: nowMs + lastsMs }, nowMs);
  }, blamed);
}

function suspicionOf({ cause, exitCode }: SeenStop): Blame['reason'] | undefined {
  if (cause === 'node_lost') return 'node_lost';
  return cause === 'exited' && exitCode === JOB_EXIT.accelerator ? 'accelerator_failure' : undefined;
}

/** Entries that count at this moment, those that end last first. */
export const currentEntries = (list: Quarantine, nowMs: number): QuarantineEntry[] =>
  list.entries.filter((one) => one.untilMs > nowMs).sort((a, b) => b.untilMs - a.untilMs || order(a, b));

/**
 * The nodes to keep away from, by name.
 * @param knownNodes how many nodes there are to choose from; 0 when that is not known
 */
export function avoidedNodes(
  list: Quarantine,
  nowMs: number,
  knownNodes: number,
  rules: QuarantineRules = QUARANTINE_RULES,
): string[] {
  const entries = currentEntries(list, nowMs);
  const own = new Set(entries.filter((one) => !isSuspicion(one.reason)).map((one) => one.node));
  const suspected = new Set(entries.filter((one) => isSuspicion(one.reason)).map((one) => one.node));
  // A training job that fails on every node by its own fault must not empty the cluster.
  const room = knownNodes === 0 ? rules.mostAvoided : Math.max(1, Math.floor(knownNodes * rules.mostSuspected));
  const avoided = new Set([...[...suspected].slice(0, room), ...own]);
  // Suspects first: from nodes that call themselves ill the cluster's scheduler mostly keeps away by itself.
  // And a cluster of one node, or one that is ill as a whole, has to be worked with.
  const most = knownNodes === 0 ? rules.mostAvoided : Math.min(rules.mostAvoided, knownNodes - 1);
  return [...avoided].slice(0, most).sort();
}

const isSuspicion = (reason: QuarantineReason): boolean => (SUSPICIONS as readonly string[]).includes(reason);

/** Without what does not count any more, and of a great deal without what counts least: nodes repeat what they say of themselves. */
export function pruned(list: Quarantine, nowMs: number, rules: QuarantineRules = QUARANTINE_RULES): Quarantine {
  const entries = currentEntries(list, nowMs);
  const first = entries.filter((one) => isSuspicion(one.reason));
  const blames = list.blames.filter((one) => !isFaded(one, nowMs, rules)).sort((a, b) => b.atMs - a.atMs);
  return {
    ...list,
    entries: [...first, ...entries.filter((one) => !isSuspicion(one.reason))].slice(0, rules.mostKept),
    blames: blames.slice(0, rules.mostKept),
  };
}

const isFaded = (one: Blame, nowMs: number, rules: QuarantineRules): boolean => nowMs - one.atMs >= rules.blameMs;

/** What two workers know together. The order does not matter, and nothing ends sooner. */
export function merged(one: Quarantine, other: Quarantine): Quarantine {
  const entries = new Map<string, QuarantineEntry>();
  for (const next of [...one.entries, ...other.entries].sort((a, b) => a.untilMs - b.untilMs || order(a, b))) {
    const before = entries.get(keyOf(next));
    const sinceMs = Math.min(next.sinceMs, before?.sinceMs ?? next.sinceMs);
    entries.set(keyOf(next), { ...next, sinceMs });
  }
  const blames = new Map<string, Blame>();
  for (const next of [...one.blames, ...other.blames].sort((a, b) => b.atMs - a.atMs || a.share - b.share))
    blames.set(`${next.attempt} ${next.node} ${next.reason}`, next);
  return { ...NO_QUARANTINE, entries: sorted(entries), blames: sorted(blames) };
}

/** A later end wins; an entry that has ended meanwhile does not lend the new one its beginning. */
function withEntry(list: Quarantine, next: QuarantineEntry, nowMs: number): Quarantine {
  const before = list.entries.find((one) => keyOf(one) === keyOf(next));
  const others = list.entries.filter((one) => one !== before);
  if (before === undefined || before.untilMs <= nowMs) return { ...list, entries: [...others, next] };
  const untilMs = Math.max(before.untilMs, next.untilMs);
  return { ...list, entries: [...others, { ...next, sinceMs: before.sinceMs, untilMs }] };
}

const keyOf = (one: { readonly node: string; readonly reason: string }): string => `${one.node} ${one.reason}`;
const order = (a: QuarantineEntry, b: QuarantineEntry): number => (textOf(a) < textOf(b) ? -1 : 1);
const textOf = (one: QuarantineEntry): string => `${one.node} ${one.reason} ${one.detail} ${one.sinceMs}`;

const sorted = <T>(map: ReadonlyMap<string, T>): T[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
