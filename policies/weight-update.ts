// How a fleet of rollout servers moves to new weights: pause every server, update, verify, resume. A pure decision from what
// the servers say of themselves. Nothing of an update is remembered elsewhere, so that whoever comes after a killed
// orchestrator goes on from the same observations.
import type { LostServer, WeightCache, WeightTag, WorkerWeights } from '../contracts/weight-update.ts';

/** One server as its workers describe it together. */
export type ServerState =
  | {
      readonly reach: 'silent';
      readonly why: string;
      readonly forMs: number;
      /** It took the question and has not answered: perhaps its workers load what somebody else, who was killed, told them to. */
      readonly busy?: boolean;
    }
  | {
      readonly reach: 'answering';
      readonly paused: boolean;
      /** What every worker knows of, and what the best informed one does. */
      readonly fence: { readonly all: number; readonly any: number };
      /** The workers agree that a session is open, that none is, or they do not agree. */
      readonly session: 'open' | 'closed' | 'uneven';
      readonly dirty: boolean;
      /** What every worker has received in this session; `uneven` when they have not received the same. */
      readonly received: WeightTag | null | 'uneven';
      /** What every worker computes with; null when that is no one version. */
      readonly serving: WeightTag | null;
      /** What every node has on disk; null when that is no one checkpoint. */
      readonly cache: WeightCache | null;
    };

export interface ObservedServer {
  readonly url: string;
  readonly state: ServerState;
  /** Calls that it failed in this update. */
  readonly failures: number;
}

export interface WeightTarget {
  readonly tag: WeightTag;
  /** Grows with every update: of two orchestrators the older one gives way. */
  readonly fence: number;
  /** An update with fewer servers has failed. */
  readonly minimumServers: number;
  /** A server that failed so many calls is given up. */
  readonly maximumFailures: number;
  /** A server that says nothing for so long is given up. Starting one takes minutes. */
  readonly patienceMs: number;
  /** The longest that loading weights may take; a server that is busy gets it before it is given up. Never less patience than above. */
  readonly loadMs: number;
}

export const WEIGHT_CALLS = ['init', 'pause', 'start', 'update', 'finish', 'resume'] as const;
export type WeightCall = (typeof WEIGHT_CALLS)[number];

export type WeightPlan =
  /** Make these calls, together, and look again. */
  | { readonly kind: 'act'; readonly calls: readonly { readonly url: string; readonly call: WeightCall }[] }
  /** Look again later. */
  | { readonly kind: 'wait'; readonly servers: readonly string[] }
  | { readonly kind: 'done'; readonly serving: readonly string[]; readonly lost: readonly LostServer[] }
  | { readonly kind: 'superseded'; readonly by: number }
  | { readonly kind: 'failed'; readonly lost: readonly LostServer[] };

type Answering = Extract<ServerState, { reach: 'answering' }>;

export function planWeightUpdate(fleet: readonly ObservedServer[], target: WeightTarget): WeightPlan {
  const newest = Math.max(0, ...fleet.map(({ state }) => (state.reach === 'answering' ? state.fence.any : 0)));
  if (newest > target.fence) return { kind: 'superseded', by: newest };

  const lost = fleet.flatMap((server): LostServer[] => {
    const why = reasonToGiveUp(server, target);
    return why === undefined ? [] : [{ url: server.url, why }];
  });
  const kept = fleet.filter((server) => lost.every(({ url }) => url !== server.url));
  if (kept.length < target.minimumServers) return { kind: 'failed', lost };

  const answering = kept.flatMap(({ url, state }) => (state.reach === 'answering' ? [{ url, state }] : []));
  const silent = kept.filter(({ state }) => state.reach === 'silent').map(({ url }) => url);
  const behind = answering.filter(({ state }) => !isAtTarget(state, target.tag));

  const unclaimed = answering.filter(({ state }) => state.fence.all < target.fence);
  if (unclaimed.length > 0) return act(unclaimed, () => 'init');
  // A server that is at the target may serve all the while: only what is behind is stopped, all of it before any is changed.
  const running = behind.filter(({ state }) => !state.paused);
  if (running.length > 0) return act(running, () => 'pause');
  if (behind.length > 0) {
    // One that says nothing may still be running on the old weights: it is waited for before the others change.
    return silent.length > 0 ? { kind: 'wait', servers: silent } : act(behind, (state) => step(state, target.tag));
  }
  // Nothing serves again before every server has said that it is at the target, or is given up: one that says nothing may have others.
  if (silent.length > 0) return { kind: 'wait', servers: silent };
  const ready = answering.filter(({ state }) => state.paused);
  if (ready.length > 0) return act(ready, () => 'resume');
  return { kind: 'done', serving: answering.map(({ url }) => url), lost };
}

/** Verified: every worker computes with it, none is in a session, and no load was broken off. */
export function isAtTarget(state: Answering, tag: WeightTag): boolean {
  return state.serving === tag && state.session === 'closed' && !state.dirty;
}

/** What brings a paused server one call nearer. Every session that is not surely fresh is closed, and begun again. */
function step(state: Answering, tag: WeightTag): WeightCall {
  if (state.session === 'closed') return 'start';
  const fresh = state.session === 'open' && !state.dirty && state.received === null;
  return fresh && state.serving !== tag ? 'update' : 'finish';
}

function reasonToGiveUp({ state, failures }: ObservedServer, target: WeightTarget): string | undefined {
  if (failures >= target.maximumFailures) return `${failures} calls failed`;
  if (state.reach === 'answering') return undefined;
  const patience = state.busy === true ? Math.max(target.patienceMs, target.loadMs) : target.patienceMs;
  if (state.forMs < patience) return undefined;
  return `no answer for ${Math.round(state.forMs / 1000)} s: ${state.why}`.slice(0, 400);
}

function act(
  servers: readonly { readonly url: string; readonly state: Answering }[],
  callOf: (state: Answering) => WeightCall,
): WeightPlan {
  return { kind: 'act', calls: servers.map(({ url, state }) => ({ url, call: callOf(state) })) };
}

/** Workers of one server, as one. At least one. */
export function foldWorkers(paused: boolean, workers: readonly WorkerWeights[]): Answering {
  const sessions = workers.filter(({ session }) => session).length;
  const received = common(workers.map((worker) => worker.received));
  return {
    reach: 'answering',
    paused,
    fence: {
      all: Math.min(...workers.map(({ fence }) => fence)),
      any: Math.max(...workers.map(({ fence }) => fence)),
    },
    session: sessions === 0 ? 'closed' : sessions === workers.length ? 'open' : 'uneven',
    dirty: workers.some(({ dirty }) => dirty),
    received: received === undefined ? 'uneven' : received,
    serving: common(workers.map(({ serving }) => serving)) ?? null,
    cache: commonCache(workers.map(({ cache }) => cache)),
  };
}

function common<T>(values: readonly T[]): T | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function commonCache(caches: readonly (WeightCache | null)[]): WeightCache | null {
  const [first = null] = caches;
  const same = caches.every((cache) => cache?.tag === first?.tag && cache?.toward === first?.toward);
  return same ? first : null;
}
