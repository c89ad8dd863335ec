// The weights of base models in the artifact store: `python3 -m anneal_megatron publish` puts them there, under the model's name.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type PolicyWeights, policyWeights } from '../../contracts/policy-version.ts';
import { readManifest } from './weights.ts';

export const baseWeightsName = (base: string): string => `models/${base}/weights`;

/**
 * What version 0 of a campaign is served and trained from.
 * @throws AnnealError `weights.not_published`, `weights.corrupt`, `store.*`
 */
export async function readBaseWeights(store: ArtifactStore, base: string): Promise<PolicyWeights> {
  const found = await store.readNamed(baseWeightsName(base));
  if (found === undefined) {
    throw new AnnealError('weights.not_published', `the artifact store has no weights of ${base}`);
  }
  const weights = policyWeights.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
  const { tag, manifest } = await readManifest(store, weights.manifest);
  if (tag !== weights.tag || manifest.base !== base || manifest.version !== 0) {
    const text = `what is published as ${base} is ${tag} of ${manifest.base}, not version 0 of it`;
    throw new AnnealError('weights.corrupt', text);
  }
  return weights;
}
