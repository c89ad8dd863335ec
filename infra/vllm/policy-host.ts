// Serving a policy version by full weights: a whole fleet moves to it. The port is the one of the llama.cpp server's host.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { PolicyVersion, PolicyWeights } from '../../contracts/policy-version.ts';
import type { Moving, PolicyHost, Served } from '../../contracts/ports.ts';
import type { ServedWeights } from '../../contracts/weight-update.ts';
import { announce, claimFleet, createWeightDirectory } from './directory.ts';
import { type CallEvent, type FleetUpdate, updateFleet } from './fleet.ts';

export interface WeightHostOptions {
  readonly store: ArtifactStore;
  /** Names the fleet in the store: one for each group of servers. */
  readonly fleet: string;
  /** The servers themselves, one URL each, ready or not. */
  readonly servers: () => Promise<readonly string[]>;
  readonly update: Omit<FleetUpdate, 'servers' | 'manifest' | 'fence' | 'signal' | 'onCall'>;
}

export function createWeightHost(options: WeightHostOptions): PolicyHost {
  const { store, fleet } = options;
  const directory = createWeightDirectory(store, fleet);
  let repairing: Promise<void> | undefined;

  async function move(version: PolicyVersion, weights: PolicyWeights, fence: number, moving: Moving): Promise<Served> {
    const { signal, onProgress } = moving;
    const { tag } = weights;
    const { serving, lost } = await updateFleet(store, {
      ...options.update,
      ...{ servers: await options.servers(), manifest: weights.manifest, fence },
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onCall: (event) => onProgress(told(event, tag)) }),
    });
    const now = { schema: 'anneal/served-weights/v1', policy: version.name, tag, manifest: weights.manifest } as const;
    await announce(store, fleet, {
      ...{ ...now, fence, servers: [...serving] },
      ...(lost.length === 0 ? {} : { lost: [...lost] }),
    });
    directory.forget(version.name);
    return { lost };
  }

  async function served(version: PolicyVersion): Promise<ServedWeights | undefined> {
    const found = await directory.find(version.name);
    return found?.tag === weightsOf(version).tag ? found : undefined;
  }

  return {
    /**
     * Two versions are never served at once: whoever asks for the one before gets `policy.version_mismatch` from here on.
     * @throws AnnealError `weights.*`, `rollout.*`, `store.*`
     */
    async serve(version, moving = {}) {
      const weights = weightsOf(version);
      return move(version, weights, await claimFleet(store, fleet, weights.manifest), moving);
    },

    /** @throws AnnealError `stack.policy_unavailable` when the fleet was moved to another version, or never to this one. */
    async ensure(version) {
      if ((await served(version)) !== undefined) return;
      directory.forget(version.name);
      if ((await served(version)) !== undefined) return;
      throw new AnnealError('stack.policy_unavailable', `the servers of ${fleet} do not serve ${version.name}`);
    },

    /** By the number of the update that brought it there: one that has begun since then takes precedence. */
    async repair(version) {
      repairing ??= (async () => {
        directory.forget(version.name);
        const now = await served(version);
        if (now !== undefined) await move(version, weightsOf(version), now.fence, {});
      })().finally(() => {
        repairing = undefined;
      });
      await repairing;
    },
  };
}

function weightsOf({ name, weights }: PolicyVersion): PolicyWeights {
  if (weights !== undefined) return weights;
  throw new AnnealError('weights.incomplete', `${name} has no full weights to serve`);
}

const told = ({ url, call, when, failure }: CallEvent, tag: string): string =>
  `${tag}: ${call} at ${url}${when === 'before' ? '' : failure === undefined ? ' done' : ` failed: ${failure}`}`;
