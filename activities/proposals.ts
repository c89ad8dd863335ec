// Proposed changes by their names and their words, and which of them there are: what lands is one of these.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import {
  type ChangeId,
  type CommitId,
  changeId,
  type Means,
  type ProposedChange,
  type RepositoryName,
} from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { IncidentName, Proposed } from '../contracts/incident.ts';
import type { Edit, MadeCommit, MergeRepository } from '../contracts/merge.ts';
import { incidentKey } from '../contracts/names.ts';
import type { Documents } from './read.ts';

export const changeIdOf = (of: { repository: RepositoryName; base: CommitId; patch: string }): ChangeId =>
  changeId.parse(createHash('sha256').update(canonicalJson(of)).digest('hex'));

/** The same commit is taken back under one id, wherever the branch is then: it lands at most once, ever. */
export const revertIdOf = (of: { repository: RepositoryName; reverts: CommitId }): ChangeId =>
  changeId.parse(createHash('sha256').update(canonicalJson(of)).digest('hex'));

export const messageOf = ({ title, body, id }: ProposedChange, at: string) => ({ title, body, change: id, at });

/** Whether an incident has proposed exactly this: what it proposes is written down by nobody else. */
export async function isOnRecord(
  store: ArtifactStore,
  incident: IncidentName,
  proposal: ArtifactRef,
): Promise<boolean> {
  const keys = await store.listNamed(incidentKey(incident, 'proposals/'));
  const kept = await Promise.all(keys.map((key) => store.readNamed(key)));
  return kept.some((one) => {
    const { data } = onRecord.safeParse(one && JSON.parse(new TextDecoder().decode(one.bytes)));
    return data?.proposal.sha256 === proposal.sha256;
  });
}
const onRecord = z.looseObject({ proposal: artifactRef });

/** What whoever repairs or develops hands in. */
export interface HandedIn {
  readonly edits: ReadonlyMap<string, Edit>;
  readonly title: string;
  readonly body: string;
  readonly means: Means;
  readonly tainted: boolean;
}

/** Puts it into the store as a proposed change; what no commit can be made of is told so. */
export async function proposalOf(
  ports: { readonly store: ArtifactStore; readonly documents: Documents; readonly git: MergeRepository },
  of: Pick<ProposedChange, 'repository' | 'base'> & {
    readonly role: ProposedChange['by']['role'];
    readonly at: string;
  },
  handedIn: HandedIn,
): Promise<Exclude<Proposed, { how: 'none' }>> {
  const { repository, base, role, at } = of;
  const { edits, title, body, means, tainted } = handedIn;
  const patch = await patchOf(() => ports.git.commitEdits(base, edits, { title, body, at }));
  if ('unfit' in patch) return { how: 'unfit', with: nameOf(means), why: patch.unfit };
  const stored = await ports.store.put(patch.bytes);
  const id = changeIdOf({ repository, base, patch: stored.sha256 });
  const change: ProposedChange = {
    ...({ schema: 'anneal/change/v1', by: { role, means } } as const),
    ...{ id, repository, base, patch: stored, title, body, tainted },
  };
  return { how: 'proposed', change: id, proposal: await ports.documents.write(change), with: nameOf(means) };
}

async function patchOf(make: () => Promise<MadeCommit>): Promise<{ bytes: Uint8Array } | { unfit: string }> {
  try {
    return { bytes: (await make()).patch };
  } catch (failure) {
    // The next means or the next try may do better.
    if (failure instanceof AnnealError && failure.code === 'merge.unfit') return { unfit: failure.message };
    throw failure;
  }
}

function nameOf(means: Means): string {
  switch (means.kind) {
    case 'remedy':
      return means.skill;
    case 'model':
      return means.model;
    case 'revert':
      return 'revert';
    case 'human':
      return means.name;
  }
}
