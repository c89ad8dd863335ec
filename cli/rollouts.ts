// What rollouts of a campaign left, for the commands that look at them again.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Documents } from '../activities/read.ts';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { Config } from '../infra/config.ts';

export interface StoredPlan {
  readonly ref: ArtifactRef;
  readonly plan: RolloutPlan;
}

/** Of every purpose, by round. */
export async function readPlans(
  store: ArtifactStore,
  documents: Documents,
  campaign: CampaignName,
): Promise<StoredPlan[]> {
  const names = await store.listNamed(`campaigns/${campaign}/plans/`);
  const plans = await Promise.all(
    names.map(async (name) => {
      const named = await store.readNamed(name);
      const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named?.bytes)));
      return { ref, plan: await documents.plan(ref) };
    }),
  );
  return plans.toSorted((a, b) => a.plan.round - b.plan.round || a.plan.purpose.localeCompare(b.plan.purpose));
}

/** Secret inputs follow from what only the gateway's side knows; the same home judges by the same ones. */
export function secretInputs({ paths }: Config): string {
  const secret = readFileSync(paths.gatewaySecret, 'utf8').trim();
  return createHash('sha256').update(`anneal/secret-inputs\n${secret}`).digest('hex');
}
