// A segment's records become rows. What a record may be is checked here, once: everything after reads the tables.
import type { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { SealedSegment, SegmentSource } from '../../../contracts/segment.ts';
import { completionRecord, trajectory } from '../../../contracts/trajectory.ts';
import { completionRow } from './completion-row.ts';
import type { Origin, Row } from './row.ts';
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

export function rowOf(segment: SealedSegment, record: number, json: string): Row {
  const origin: Origin = { replica: segment.replica, sequence: segment.sequence, record };
  const where = `record ${record} in ${nameOf(segment)}`;
  if (segment.stream === 'completions') return completionRow(parsed(completionRecord, json, where), origin);
  return trajectoryRow(parsed(trajectory, json, where), origin);
}

function parsed<S extends z.ZodType>(schema: S, json: string, where: string): z.infer<S> {
  const { success, data, error } = schema.safeParse(jsonIn(json));
  if (success) return data;
  throw new AnnealError('pool.record_invalid', `${where} is none that this version knows`, {
    problems: error.issues.map((issue) => ({
      code: 'pool.record_invalid',
      path: issue.path.join('.'),
      expected: issue.message,
      hint: 'Take it in with the version of Anneal that wrote it.',
    })),
  });
}

/** Nothing that is a record, where it is no JSON. */
function jsonIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
