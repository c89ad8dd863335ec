// A segment's records become rows. What a record may be is checked here, once: everything after reads the tables.
import { AnnealError } from '../../../contracts/errors.ts';
import type { SealedSegment, SegmentSource } from '../../../contracts/segment.ts';
import { completionRow } from './completion-row.ts';
import { jsonIn, knownCompletion, knownTrajectory } from './known-record.ts';
import { hashOfRecord, type Origin, type Row } from './row.ts';
import { trajectoryRow } from './trajectory-row.ts';
import type { Staging } from './write-parquet.ts';

/** @throws AnnealError `pool.record_invalid` naming the record, `gateway.segment_corrupt` */
export async function stageSegment(source: SegmentSource, segment: SealedSegment, staging: Staging): Promise<void> {
  let record = 0;
  for await (const json of source.records(segment)) {
    await staging.add(rowOf(segment, record, json));
    record += 1;
  }
  if (record !== segment.records)
    throw new AnnealError(
      'gateway.segment_corrupt',
      `${nameOf(segment)} is damaged: ${record} records came, ${segment.records} were sealed`,
    );
}

export const nameOf = ({ replica, stream, sequence }: Pick<SealedSegment, 'replica' | 'stream' | 'sequence'>): string =>
  `segment ${sequence} of ${replica}'s ${stream}`;

function rowOf(segment: SealedSegment, record: number, json: string): Row {
  const origin: Origin = { replica: segment.replica, sequence: segment.sequence, record };
  const where = `record ${record} in ${nameOf(segment)}`;
  if (segment.stream === 'completions') return completionRow(knownCompletion(json, where), origin);
  return trajectoryRow(knownTrajectory(json, where), origin);
}

/**
 * Whether a record is the one that was taken in under this hash. What hashes to it was a record then; only of another one the schema is
 * asked.
 * @throws AnnealError `pool.record_invalid`
 */
export function isTakenIn(segment: SealedSegment, record: number, json: string, recordHash: string): boolean {
  const value = jsonIn(json);
  if (value !== undefined && hashOfRecord(value) === recordHash) return true;
  return rowOf(segment, record, json).recordHash === recordHash;
}
