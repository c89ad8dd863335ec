// The durable record of a campaign whose rollouts overlap with training: read, changed by compare-and-swap, and whole again with its archive.
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { pipelineName } from '../contracts/names.ts';
import {
  type PipelineGroup,
  type PipelineRecord,
  pipelineArchive,
  pipelineRecord,
  type RoundSpans,
} from '../contracts/pipeline.ts';
import type { Documents } from './read.ts';

export interface FoundRecord {
  readonly record: PipelineRecord;
  /** null: nothing is stored yet. */
  readonly tag: string | null;
}

export async function readRecord(
  store: Pick<ArtifactStore, 'readNamed'>,
  campaign: CampaignName,
): Promise<FoundRecord | undefined> {
  const found = await store.readNamed(pipelineName(campaign));
  if (found === undefined) return undefined;
  return { record: pipelineRecord.parse(JSON.parse(new TextDecoder().decode(found.bytes))), tag: found.tag };
}

/** Whether it was written: false where somebody else changed it since it was read. */
export const writeRecord = (
  store: Pick<ArtifactStore, 'swapNamed'>,
  record: PipelineRecord,
  tag: string | null,
): Promise<boolean> => store.swapNamed(pipelineName(record.campaign), tag, canonicalJson(record));

/** What has left the record, behind what left it before; nothing new where nothing has. */
export async function archived(
  documents: Pick<Documents, 'write'>,
  before: ArtifactRef | undefined,
  retired: { readonly groups: readonly PipelineGroup[]; readonly spans: readonly RoundSpans[] },
): Promise<{ archive?: ArtifactRef }> {
  const kept = before === undefined ? {} : { before };
  if (retired.groups.length + retired.spans.length === 0) return before === undefined ? {} : { archive: before };
  const part = {
    schema: 'anneal/pipeline-archive/v1',
    ...kept,
    groups: [...retired.groups],
    spans: [...retired.spans],
  };
  return { archive: await documents.write(part) };
}

export interface WholeRecord {
  readonly record: PipelineRecord;
  /** All that ever started, by position. */
  readonly groups: readonly PipelineGroup[];
  readonly spans: readonly RoundSpans[];
}

/** @returns undefined for a campaign whose rounds take turns with their rollouts */
export async function readWhole(
  store: Pick<ArtifactStore, 'readNamed'>,
  documents: Pick<Documents, 'read'>,
  campaign: CampaignName,
): Promise<WholeRecord | undefined> {
  const found = await readRecord(store, campaign);
  if (found === undefined) return undefined;
  const groups = [...found.record.groups];
  const spans = [...found.record.spans];
  for (let next = found.record.archive; next !== undefined; ) {
    const part = await documents.read(pipelineArchive, next);
    groups.push(...part.groups);
    spans.push(...part.spans);
    next = part.before;
  }
  return {
    record: found.record,
    groups: groups.sort((a, b) => a.position - b.position),
    spans: spans.sort((a, b) => a.round - b.round),
  };
}
