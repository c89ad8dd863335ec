// Carries out policies/weight-update.ts on real servers: looks at all of them, makes the calls that it decides, looks again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { LostServer, WeightTag } from '../../contracts/weight-update.ts';
import {
  type ObservedServer,
  planWeightUpdate,
  type ServerState,
  type WeightCall,
  type WeightTarget,
} from '../../policies/weight-update.ts';
import { NoAnswer } from './http.ts';
import { CallRefused, createVllmServer, TIMEOUTS_MS, type VllmServerOptions } from './server.ts';
import { instructionsFor, readChain, type StoredManifest } from './weights.ts';

export interface CallEvent {
  readonly url: string;
  readonly call: WeightCall;
  readonly when: 'before' | 'after';
  readonly failure?: string;
}

export interface FleetUpdate {
  /** Base URLs of the servers themselves, never of a load balancer: each one must be paused. */
  readonly servers: readonly string[];
  readonly manifest: ArtifactRef;
  readonly fence: number;
  readonly minimumServers: number;
  /** Default 5. */
  readonly maximumFailures?: number;
  /** With a server that cannot be reached; one that is busy has as long as an `update` may take. Default 20 minutes. */
  readonly patienceMs?: number;
  /** Between looks when nothing can be done; default 2 s. */
  readonly pollMs?: number;
  readonly pauseMode?: VllmServerOptions['pauseMode'];
  readonly controlToken?: string;
  readonly timeoutsMs?: VllmServerOptions['timeoutsMs'];
  readonly signal?: AbortSignal;
  /** For heartbeats and logs. */
  readonly onCall?: (event: CallEvent) => void;
}

export interface FleetUpdated {
  readonly tag: WeightTag;
  readonly serving: readonly string[];
  /** Not at the target, or not known to be: nothing may be sampled from them until another update has brought them there. */
  readonly lost: readonly LostServer[];
  readonly calls: number;
}

/**
 * Returns when every server that was not given up computes with the manifest's weights and has been resumed. Safe to be
 * called again, by this process or another, after a kill at any moment.
 * @throws AnnealError `rollout.update_failed`, `rollout.superseded`, `rollout.unfit`, `weights.*`, `store.*`.
 */
export async function updateFleet(store: ArtifactStore, update: FleetUpdate): Promise<FleetUpdated> {
  const chain = await readChain(store, update.manifest);
  const { tag } = chain[0]!;
  const target: WeightTarget = {
    tag,
    fence: update.fence,
    minimumServers: update.minimumServers,
    maximumFailures: update.maximumFailures ?? 5,
    patienceMs: update.patienceMs ?? 1_200_000,
    // Whoever comes after a killed orchestrator meets loads that it began.
    loadMs: (update.timeoutsMs ?? TIMEOUTS_MS).update,
  };
  const members = new Map(update.servers.map((url) => [url, createMember(url, chain, update)]));
  const pause = () => sleep(update.pollMs ?? 2_000, undefined, { signal: update.signal });
  for (let calls = 0; ; ) {
    const plan = planWeightUpdate(await Promise.all([...members.values()].map((member) => member.observe())), target);
    switch (plan.kind) {
      case 'done':
        return { tag, serving: plan.serving, lost: plan.lost, calls };
      case 'superseded':
        throw new AnnealError('rollout.superseded', `update ${update.fence} to ${tag} gives way to update ${plan.by}`);
      case 'failed': {
        const why = plan.lost.map((server) => `${server.url}: ${server.why}`).join('; ');
        const text = `fewer than ${update.minimumServers} of ${members.size} servers can come to ${tag}: ${why}`;
        throw new AnnealError('rollout.update_failed', text);
      }
      case 'wait':
        await pause();
        break;
      case 'act': {
        calls += plan.calls.length;
        const went = await Promise.all(plan.calls.map(({ url, call }) => members.get(url)!.call(call)));
        // One that refuses at once must not be asked a thousand times a second.
        if (went.includes(false)) await pause();
      }
    }
  }
}

interface Member {
  observe(): Promise<ObservedServer>;
  /** Returns whether it went well. What a failure has left behind shows in the next observation. */
  call(call: WeightCall): Promise<boolean>;
}

function createMember(url: string, chain: readonly StoredManifest[], update: FleetUpdate): Member {
  const { fence, controlToken, signal, onCall } = update;
  const timeoutsMs = update.timeoutsMs ?? TIMEOUTS_MS;
  const server = createVllmServer({ url, controlToken, pauseMode: update.pauseMode ?? 'abort', timeoutsMs });
  let failures = 0;
  let silentSince: number | undefined;
  let last: ServerState | undefined;

  async function observe(): Promise<ObservedServer> {
    const seen = await server.observe(signal);
    silentSince = seen.reach === 'silent' ? (silentSince ?? Date.now()) : undefined;
    last = seen.reach === 'silent' ? { ...seen, forMs: Date.now() - silentSince! } : seen;
    return { url, state: last, failures };
  }

  /** From its own disk: servers that have been restarted have other things there than the others. */
  function instructions() {
    const cache = last?.reach === 'answering' ? last.cache : null;
    return { fence, tag: chain[0]!.tag, manifest: chain[0]!.ref, ...instructionsFor(chain, cache) };
  }

  return {
    observe,
    async call(call) {
      onCall?.({ url, call, when: 'before' });
      try {
        await server.call(call, { fence, ...(call === 'update' ? { update: instructions() } : {}) }, signal);
        onCall?.({ url, call, when: 'after' });
        return true;
      } catch (failure) {
        if (!(failure instanceof CallRefused || failure instanceof NoAnswer)) throw failure;
        failures += 1;
        onCall?.({ url, call, when: 'after', failure: failure.message });
        return false;
      }
    },
  };
}
