// What a manifest says of a campaign beyond its machine, read from the store and the pool: who decided, what the sealed answers were, which
// images its profile names. Computed when a manifest is made, and once more when a result is reproduced.
import { createHash } from 'node:crypto';
import { type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type CampaignName, gateId, type Sha256, sha256 } from '../contracts/ids.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import type { Approval, ReproducibilityManifest } from '../contracts/release.ts';
import { readAnswer } from './gates.ts';
import type { Documents } from './read.ts';

export interface ManifestParts {
  readonly store: Pick<ArtifactStore, 'listNamed' | 'readNamed'>;
  readonly documents: Pick<Documents, 'plan' | 'profile'>;
  readonly gateway: Pick<ModelGateway, 'completions'>;
}

type Beside = Pick<ReproducibilityManifest, 'approvals' | 'recordings' | 'images'>;

export async function partsOf(ports: ManifestParts, campaign: CampaignName): Promise<Beside> {
  const [approvals, recordings, profile] = await Promise.all([
    approvalsOf(ports.store, campaign),
    recordingsOf(ports, campaign),
    ports.documents.profile(campaign),
  ]);
  return {
    approvals,
    ...(recordings === undefined ? {} : { recordings }),
    // As the profile names them: a digest where it names one. What a tag meant that day stands nowhere.
    ...(profile === undefined ? {} : { images: { trainer: profile.trainer.image, rollout: profile.rollout.image } }),
  };
}

/** By gate: what was answered, and which key signed it. */
export async function approvalsOf(store: ManifestParts['store'], campaign: CampaignName): Promise<Approval[]> {
  const names = (await store.listNamed(`gates/${campaign}.`)).filter((name) => name.endsWith('/answer')).sort();
  const answers = await Promise.all(names.map((name) => readAnswer(store, name.split('/')[1]!)));
  return answers
    .filter((answer) => answer !== undefined)
    .map((answer): Approval => {
      const { how, option } = answer;
      if (how !== 'decided') return { gate: gateId.parse(answer.gate), how, option };
      const { approver, unattended, evidenceHash } = answer.decision.body;
      const seconds = answer.seconds?.map(({ decision: { body, keyId } }) => ({ approver: body.approver, keyId }));
      const { selfApproved, decision } = answer;
      const by = { approver, keyId: decision.keyId, unattended, selfApproved, ...(seconds && { seconds }) };
      return { gate: answer.gate, how, option, by, evidenceHash, decision: hash(canonicalJson(answer.decision)) };
    });
}

/** Over the pool's own records of the sealed evaluation, sorted by id; undefined: it was not opened. */
export async function recordingsOf(
  { store, documents, gateway }: Pick<ManifestParts, 'store' | 'gateway'> & { documents: Pick<Documents, 'plan'> },
  campaign: CampaignName,
): Promise<ReproducibilityManifest['recordings']> {
  const names = await store.listNamed(`campaigns/${campaign}/plans/`);
  const plans = await Promise.all(
    names.map(async (name) => {
      const found = await store.readNamed(name);
      return documents.plan(artifactRef.parse(JSON.parse(new TextDecoder().decode(found!.bytes))));
    }),
  );
  const sealed = plans.filter(({ purpose }) => purpose === 'sealed');
  if (sealed.length === 0) return undefined;
  const prefixes = sealed.map(({ round, policy }) => `${campaign}/r${round}/sealed.v${policy.number}/`);
  const records = (await Promise.all([...new Set(prefixes)].map((prefix) => gateway.completions(prefix)))).flat();
  const sorted = records.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { completions: sorted.length, sha256: hash(canonicalJson(sorted)) };
}

const hash = (text: string): Sha256 => sha256.parse(createHash('sha256').update(text).digest('hex'));
