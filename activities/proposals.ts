// Proposed changes by their names and their words, and which of them there are: what lands is one of these.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import {
  type ChangeId,
  type CommitId,
  changeId,
  type ProposedChange,
  type RepositoryName,
} from '../contracts/change.ts';
import type { IncidentName } from '../contracts/incident.ts';
import { incidentKey } from '../contracts/names.ts';

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
