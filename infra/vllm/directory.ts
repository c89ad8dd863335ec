// What a fleet serves and who is changing it, under two names of the artifact store:
//   fleets/<fleet>/claim    the newest update that has begun: its number, and where it goes
//   fleets/<fleet>/served   what the last one that ended has left: the policy, its weights, the servers that compute with them
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignOfPolicy, type PolicyName } from '../../contracts/ids.ts';
import { type ServedWeights, servedWeights, type WeightDirectory } from '../../contracts/weight-update.ts';

const claim = z.strictObject({
  schema: z.literal('anneal/weight-claim/v1'),
  fence: z.int().positive(),
  manifest: artifactRef,
});

const served = (fleet: string): string => `fleets/${fleet}/served`;

/**
 * The number for an update: that of the update to the same weights that has begun already, so that a successor goes on with
 * it, or the next one.
 */
export async function claimFleet(store: ArtifactStore, fleet: string, manifest: ArtifactRef): Promise<number> {
  const name = `fleets/${fleet}/claim`;
  for (;;) {
    const found = await store.readNamed(name);
    const before = found === undefined ? undefined : claim.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
    if (before?.manifest.sha256 === manifest.sha256) return before.fence;
    const next = { schema: 'anneal/weight-claim/v1', fence: (before?.fence ?? 0) + 1, manifest } as const;
    if (await store.swapNamed(name, found?.tag ?? null, JSON.stringify(next))) return next.fence;
  }
}

/** @throws AnnealError `rollout.superseded` when a newer update has ended here. */
export async function announce(store: ArtifactStore, fleet: string, now: ServedWeights): Promise<void> {
  for (;;) {
    const found = await store.readNamed(served(fleet));
    const before = found === undefined ? undefined : read(found.bytes);
    if (before !== undefined && before.fence > now.fence) {
      const text = `update ${now.fence} to ${now.tag} gives way to update ${before.fence}`;
      throw new AnnealError('rollout.superseded', text);
    }
    if (await store.swapNamed(served(fleet), found?.tag ?? null, JSON.stringify(now))) return;
  }
}

/** What stands there now; undefined where no update has ended. */
export async function readServed(store: ArtifactStore, fleet: string): Promise<ServedWeights | undefined> {
  const found = await store.readNamed(served(fleet));
  return found === undefined ? undefined : read(found.bytes);
}

/** One fleet, read from the store again whenever somebody says that it was wrong. */
export function createWeightDirectory(store: ArtifactStore, fleet: string): WeightDirectory {
  let known: ServedWeights | undefined;

  const now = (): Promise<ServedWeights | undefined> => readServed(store, fleet);

  return {
    async find(policy: PolicyName) {
      if (known?.policy !== policy) known = await now();
      return known?.policy === policy ? known : undefined;
    },
    forget(policy) {
      if (known?.policy === policy) known = undefined;
    },
    async list() {
      const current = await now();
      return current === undefined ? [] : [current.policy];
    },
  };
}

/** Of all fleets: each campaign has one, of its own name. */
export function createWeightDirectories(store: ArtifactStore): WeightDirectory {
  const fleets = new Map<string, WeightDirectory>();
  const of = (fleet: string): WeightDirectory => {
    const found = fleets.get(fleet) ?? createWeightDirectory(store, fleet);
    fleets.set(fleet, found);
    return found;
  };
  return {
    find: (policy) => of(campaignOfPolicy(policy)).find(policy),
    forget: (policy) => of(campaignOfPolicy(policy)).forget(policy),
    async list() {
      const names = await store.listNamed('fleets/');
      const known = names.flatMap((name) => /^fleets\/([^/]+)\/served$/.exec(name)?.[1] ?? []);
      return (await Promise.all(known.map((fleet) => of(fleet).list()))).flat();
    },
  };
}

const read = (bytes: Uint8Array): ServedWeights => servedWeights.parse(JSON.parse(new TextDecoder().decode(bytes)));
