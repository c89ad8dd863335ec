// Reading typed documents from the store, with a small cache: a plan or a split is read by every rollout of a round.
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { type LockedSet, type LockedSplit, lockedSet, lockedSplit } from '../contracts/locked-set.ts';
import { profileName } from '../contracts/names.ts';
import { rolloutPlan } from '../contracts/plan.ts';
import { type ProfileSpec, profileSpec } from '../contracts/profile.ts';
import type { Split } from '../contracts/task.ts';
import { verifyLockedSet } from '../evals/construction/locked-set.ts';

export interface Documents {
  read<S extends z.ZodType>(schema: S, ref: ArtifactRef): Promise<z.infer<S>>;
  write(value: unknown): Promise<ArtifactRef>;
  spec(ref: ArtifactRef): Promise<z.infer<typeof campaignSpec>>;
  plan(ref: ArtifactRef): Promise<z.infer<typeof rolloutPlan>>;
  /** @throws AnnealError `tasks.lock_mismatch` when its roots, counts or families contradict each other */
  lock(ref: ArtifactRef): Promise<LockedSet>;
  /** A split by its object, as a plan names it. What is planned from goes through `splitOf`. */
  split(ref: ArtifactRef): Promise<LockedSplit>;
  /**
   * A split by its lock, its tasks held against the lock's root.
   * @throws AnnealError `tasks.lock_mismatch` when they differ
   */
  splitOf(lock: LockedSet, name: Split): Promise<LockedSplit>;
  /** The model profile that a campaign was submitted with; undefined on one machine. It never changes. */
  profile(campaign: CampaignName): Promise<ProfileSpec | undefined>;
}

const CACHED = 24;

export function createDocuments(store: ArtifactStore): Documents {
  const cache = new Map<string, Promise<unknown>>();
  /** Splits that agreed with their lock: hashing every task once a process and lock is enough. */
  const verified = new Set<string>();
  const profiles = new Map<CampaignName, ProfileSpec>();

  async function read<S extends z.ZodType>(schema: S, ref: ArtifactRef): Promise<z.infer<S>> {
    return schema.parse(JSON.parse(new TextDecoder().decode(await store.get(ref))));
  }

  function cached<S extends z.ZodType>(
    schema: S,
    check: (value: z.infer<S>) => void = () => undefined,
  ): (ref: ArtifactRef) => Promise<z.infer<S>> {
    return (ref) => {
      const known = cache.get(ref.sha256) as Promise<z.infer<S>> | undefined;
      if (known !== undefined) return known;
      const reading = read(schema, ref).then((value) => {
        check(value);
        return value;
      });
      cache.set(ref.sha256, reading);
      // A failed read must not be remembered: the next attempt may find the object.
      reading.catch(() => cache.delete(ref.sha256));
      if (cache.size > CACHED) cache.delete(cache.keys().next().value!);
      return reading;
    };
  }

  const split = cached(lockedSplit);
  return {
    read,
    write: (value) => store.put(canonicalJson(value)),
    spec: cached(campaignSpec),
    plan: cached(rolloutPlan),
    lock: cached(lockedSet, (lock) => verifyLockedSet(lock, [])),
    split,
    async splitOf(lock, name) {
      const { object } = lock.splits[name];
      const part = await split(object);
      const key = `${lock.root}/${name}/${object.sha256}`;
      if (!verified.has(key)) verifyLockedSet(lock, [{ ...part, split: name }]);
      verified.add(key);
      return part;
    },
    async profile(campaign) {
      const known = profiles.get(campaign);
      if (known !== undefined) return known;
      const found = await store.readNamed(profileName(campaign));
      if (found === undefined) return undefined;
      const profile = profileSpec.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
      profiles.set(campaign, profile);
      return profile;
    },
  };
}
