// The state that a campaign starts from: nothing but the base model.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { makePolicyName, type Sha256 } from '../../contracts/ids.ts';
import type { PolicyWeights } from '../../contracts/policy-version.ts';
import type { CampaignState } from '../../contracts/record.ts';

/** @param weights of the base model, where all weights are trained */
export function firstState(
  spec: CampaignSpec,
  ref: CampaignState['spec'],
  hash: Sha256,
  weights?: PolicyWeights,
): CampaignState {
  const base = { campaign: spec.name, number: 0, name: makePolicyName(spec.name, 0), base: spec.policy.base };
  return {
    version: 1,
    campaign: spec.name,
    spec: ref,
    specHash: hash,
    runChain: '',
    startedAt: new Date().toISOString(),
    round: 0,
    policies: [
      {
        ...{ ...base, parent: null, adapter: null, adapterGguf: null, optimizer: null },
        ...(weights === undefined ? {} : { weights }),
      },
    ],
    latest: 0,
    best: 0,
    rounds: [],
    gates: [],
    stages: [],
    tokens: 0,
    ending: 'running',
  };
}
