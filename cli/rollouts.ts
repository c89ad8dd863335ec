// What rollouts of a campaign left, for the commands that look at them again.
import { readFileSync } from 'node:fs';
import type { Documents } from '../activities/read.ts';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { Config } from '../infra/config.ts';
import { secretInputs } from '../infra/gateway-client/secret-inputs.ts';

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

/** As the worker of the same home derives it. */
export const secretOf = ({ paths }: Config): string => secretInputs(readFileSync(paths.gatewaySecret, 'utf8'));
