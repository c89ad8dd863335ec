// Serving a policy version by full weights: a whole fleet moves to it. The port is the one of the llama.cpp server's host.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import type { PolicyHost } from '../../contracts/ports.ts';
import { announce, claimFleet } from './directory.ts';
import { type FleetUpdate, updateFleet } from './fleet.ts';

export interface WeightHostOptions {
  readonly store: ArtifactStore;
  /** Names the fleet in the store: one for each group of servers. */
  readonly fleet: string;
  /** The servers themselves, one URL each. */
  readonly servers: () => Promise<readonly string[]>;
  /** Where the weights of a version are; undefined when it has none. */
  readonly manifestOf: (version: PolicyVersion) => ArtifactRef | undefined;
  readonly update: Omit<FleetUpdate, 'servers' | 'manifest' | 'fence' | 'signal'>;
}

export function createWeightHost(options: WeightHostOptions): PolicyHost {
  const { store, fleet, manifestOf } = options;
  return {
    /**
     * Two versions are never served at once: whoever asks for the one before gets `policy.version_mismatch` from here on.
     * @throws AnnealError `weights.*`, `rollout.*`, `store.*`
     */
    async ensure(version) {
      const manifest = manifestOf(version);
      if (manifest === undefined) {
        throw new AnnealError('weights.incomplete', `${version.name} has an adapter but no full weights to serve`);
      }
      const fence = await claimFleet(store, fleet, manifest);
      const { tag, serving } = await updateFleet(store, {
        ...options.update,
        ...{ servers: await options.servers(), manifest, fence },
      });
      const now = { schema: 'anneal/served-weights/v1', policy: version.name, tag, manifest, fence } as const;
      await announce(store, fleet, { ...now, servers: [...serving] });
    },
  };
}
