// Reading typed documents from the store, with a small cache: a plan or a split is read by every rollout of a round.
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { rolloutPlan } from '../contracts/plan.ts';
import { taskSetLock, taskSplit } from '../contracts/task.ts';

export interface Documents {
  read<S extends z.ZodType>(schema: S, ref: ArtifactRef): Promise<z.infer<S>>;
  write(value: unknown): Promise<ArtifactRef>;
  spec(ref: ArtifactRef): Promise<z.infer<typeof campaignSpec>>;
  plan(ref: ArtifactRef): Promise<z.infer<typeof rolloutPlan>>;
  lock(ref: ArtifactRef): Promise<z.infer<typeof taskSetLock>>;
  split(ref: ArtifactRef): Promise<z.infer<typeof taskSplit>>;
}

const CACHED = 24;

export function createDocuments(store: ArtifactStore): Documents {
  const cache = new Map<string, Promise<unknown>>();

  async function read<S extends z.ZodType>(schema: S, ref: ArtifactRef): Promise<z.infer<S>> {
    return schema.parse(JSON.parse(new TextDecoder().decode(await store.get(ref))));
  }

  function cached<S extends z.ZodType>(schema: S): (ref: ArtifactRef) => Promise<z.infer<S>> {
    return (ref) => {
      const known = cache.get(ref.sha256) as Promise<z.infer<S>> | undefined;
      if (known !== undefined) return known;
      const reading = read(schema, ref);
      cache.set(ref.sha256, reading);
      // A failed read must not be remembered: the next attempt may find the object.
      reading.catch(() => cache.delete(ref.sha256));
      if (cache.size > CACHED) cache.delete(cache.keys().next().value!);
      return reading;
    };
  }

  return {
    read,
    write: (value) => store.put(canonicalJson(value)),
    spec: cached(campaignSpec),
    plan: cached(rolloutPlan),
    lock: cached(taskSetLock),
    split: cached(taskSplit),
  };
}
