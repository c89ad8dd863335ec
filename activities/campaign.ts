// The campaign's own effects: its saved state, the sealed opening, the release.
import { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type Decision, type DecisionContext, evidence as evidenceSchema, type TakenIn } from '../contracts/gate.ts';
import { sha256 } from '../contracts/ids.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { Releases } from '../contracts/ports.ts';
import { roundRecord } from '../contracts/record.ts';
import type { ReleaseBody, ReproducibilityManifest } from '../contracts/release.ts';
import { readAnswer } from './gates.ts';
import type { CampaignActivities } from './interface.ts';
import type { Documents } from './read.ts';
import { countOpenings, sealedSplitOf } from './sealed-openings.ts';

export const stateName = (campaign: string): string => `campaigns/${campaign}/state`;

export interface CampaignPorts {
  store: ArtifactStore;
  documents: Documents;
  releases: Releases;
  /** What the result depends on beyond the spec: read from the machine. */
  manifest(campaign: { spec: ArtifactRef; taskSet: ArtifactRef }): Promise<ReproducibilityManifest>;
}

export function createCampaignActivities(ports: CampaignPorts): Omit<CampaignActivities, 'assembleReport'> {
  const { store, documents, releases, manifest } = ports;
  return {
    async saveState({ state }) {
      const key = stateName(state.campaign);
      const now = await store.readNamed(key);
      if (!(await store.swapNamed(key, now?.tag ?? null, canonicalJson(state)))) {
        throw new AnnealError('store.conflict', `${key} was changed by someone else`);
      }
    },

    async archiveRounds({ older, archive }) {
      const before = archive === undefined ? [] : await documents.read(z.array(roundRecord), archive);
      const known = new Set(before.map((r) => r.round));
      return documents.write(
        [...before, ...older.filter((r) => !known.has(r.round))].sort((a, b) => a.round - b.round),
      );
    },

    async sealedOpeningsLeft({ spec: specRef, taskSet }) {
      const spec = await documents.spec(specRef);
      const spent = await countOpenings(store, await documents.lock(taskSet));
      return { left: Math.max(0, spec.budget.sealedOpenings - spent) };
    },

    async openSealed({ spec: specRef, taskSet, decision, evidence, runChain }) {
      const spec = await documents.spec(specRef);
      const split = sealedSplitOf(await documents.lock(taskSet));
      const context = await contextOf(spec, evidence, runChain);
      const accepted = await acceptanceOf(decision, context);
      const budget = spec.budget.sealedOpenings;
      await releases.openSealed({ split, taskSet, decision, context, ...accepted, evidence, budget });
    },

    async publishRelease({ spec: specRef, taskSet, policy, gate, sealed, decision, evidence, runChain }) {
      const spec = await documents.spec(specRef);
      const context = await contextOf(spec, evidence, runChain);
      const { acceptedAt, seconds } = await acceptanceOf(decision, context);
      return releases.publish({
        body: {
          schema: 'anneal/release/v1',
          campaign: spec.name,
          policy,
          exports: exportsOf(policy),
          gate,
          sealed,
          decision,
          ...(seconds && { seconds }),
          manifest: await manifest({ spec: specRef, taskSet }),
        },
        context,
        acceptedAt,
        evidence,
      });
    },
  };

  /** When the gate took the decision in, and whose it took in before, by the gate's own record: an effect may come long after. */
  async function acceptanceOf(
    decision: Decision,
    { gate }: DecisionContext,
  ): Promise<{ acceptedAt: Date; seconds?: TakenIn[] | undefined }> {
    const answer = await readAnswer(store, gate);
    if (answer?.how !== 'decided' || canonicalJson(answer.decision) !== canonicalJson(decision))
      throw new AnnealError('decision.not_verified', `${gate} was not closed by this decision`);
    return { acceptedAt: new Date(answer.acceptedAt), seconds: answer.seconds };
  }

  /** What the decision must agree with, taken from the campaign and the frozen evidence, never from the decision itself. */
  async function contextOf(spec: CampaignSpec, evidence: ArtifactRef, runChain: string): Promise<DecisionContext> {
    const shown = await documents.read(evidenceSchema, evidence);
    return {
      campaign: spec.name,
      runChain,
      gate: shown.gate,
      evidenceHash: sha256.parse(evidence.sha256),
      options: shown.options.map((option) => option.name),
      owner: spec.owner,
    };
  }
}

/** What users take of a version; of a whole model its manifest, which names all files and their hashes. */
function exportsOf({ name, number, adapter, adapterGguf, weights }: PolicyVersion): ReleaseBody['exports'] {
  if (number > 0 && weights !== undefined) return [{ name: 'weights.json', object: weights.manifest }];
  if (adapter === null || adapterGguf === null) {
    throw new AnnealError('release.base_model', `${name} is the base model: there is nothing to release`);
  }
  return [
    { name: 'adapter.safetensors', object: adapter },
    { name: 'adapter.gguf', object: adapterGguf },
  ];
}
