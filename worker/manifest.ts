// The reproducibility manifest: everything that a result depends on beyond the spec and its seed, read from the machine.
import { createHash } from 'node:crypto';
import type { CampaignPorts } from '../activities/campaign.ts';
import { type ManifestParts, partsOf } from '../activities/manifest-parts.ts';
import type { Documents } from '../activities/read.ts';
import { type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Sha256, sha256 } from '../contracts/ids.ts';
import type { LockedSet } from '../contracts/locked-set.ts';
import { baseWeightsOf, calibratedJudgeName } from '../contracts/names.ts';
import { policyWeights } from '../contracts/policy-version.ts';
import type { Sandbox } from '../contracts/ports.ts';
import type { ReproducibilityManifest } from '../contracts/release.ts';
import { weightManifest } from '../contracts/weight-update.ts';
import type { Config } from '../infra/config.ts';
import { madeWith } from '../infra/made-with.ts';
import { trainedIn } from './trained-in.ts';

const hash = (bytes: string | Buffer): Sha256 => sha256.parse(createHash('sha256').update(bytes).digest('hex'));

export function createManifest(of: {
  config: Config;
  documents: Documents;
  sandbox: Sandbox;
  store: ArtifactStore;
  gateway: ManifestParts['gateway'];
}): CampaignPorts['manifest'] {
  const { config, documents, sandbox, store, gateway } = of;
  const trained = trainedIn(config, store);

  /** By the hash over all of its files. */
  async function wholeModel({ name, policy }: CampaignSpec): Promise<{ base: string; sha256: string }> {
    const found = await store.readNamed(baseWeightsOf(name));
    const { manifest } = policyWeights.parse(JSON.parse(new TextDecoder().decode(found?.bytes)));
    return { base: policy.base, sha256: (await documents.read(weightManifest, manifest)).digest };
  }

  /** Of the visible split: families, not verifiers, are divided among the splits. */
  async function verifiersOf(lock: LockedSet): Promise<ReproducibilityManifest['verifiers']> {
    const { tasks } = await documents.splitOf(lock, 'visible');
    const byName = new Map(tasks.map(({ verifier: { name, version } }) => [`${name}@${version}`, { name, version }]));
    return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, verifier]) => verifier);
  }

  async function judgeOf({ name, judge }: CampaignSpec): Promise<Pick<ReproducibilityManifest, 'judge'>> {
    const found = judge && (await store.readNamed(calibratedJudgeName(name)));
    if (judge === undefined || found === undefined) return {};
    const { sha256: measured } = artifactRef.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
    return { judge: { model: judge.model, family: judge.family, measured: sha256.parse(measured) } };
  }

  return async ({ spec: specRef, taskSet }) => {
    const spec = await documents.spec(specRef);
    const lock = await documents.lock(taskSet);
    const made = await madeWith(config, sandbox);
    const model = spec.policy.lora === null ? await wholeModel(spec) : await trained.baseModel(spec);
    const python = await trained.python(spec);
    return {
      schema: 'anneal/manifest/v1',
      campaign: spec.name,
      specHash: specRef.sha256,
      seed: spec.seed,
      taskSetRoot: lock.root,
      verifiers: await verifiersOf(lock),
      git: made.git,
      lockfiles: made.lockfiles,
      model: { base: model.base, sha256: sha256.parse(model.sha256) },
      harnessHash: hash(canonicalJson(spec.harness)),
      sampling: { temperature: spec.harness.temperature, maxTokens: spec.harness.maxTokens },
      machine: { ...made.machine, python },
      sandbox: made.sandbox,
      ...(await judgeOf(spec)),
      temporal: config.temporal.external ?? 'embedded',
      ...(await partsOf({ store, documents, gateway }, spec.name)),
    };
  };
}
