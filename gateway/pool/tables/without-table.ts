// Context operations have no table: what is verified of them is their log alone. Every segment is what was sealed, none is missing between
// two, and every record is one.
import type { SegmentSource } from '../../../contracts/segment.ts';
import { contextOperation } from '../../../contracts/session.ts';
import { nameOf } from './stage.ts';
import type { VerifyOptions } from './verify.ts';

export interface VerifiedLog {
  readonly stream: 'operations';
  readonly segments: number;
  readonly records: number;
}

/** @throws AnnealError `gateway.segment_corrupt` */
export async function verifyOperations(
  source: SegmentSource,
  { onProblem, signal }: VerifyOptions,
): Promise<VerifiedLog> {
  const found = { segments: 0, records: 0 };
  const last = new Map<string, number>();
  for await (const segment of source.list()) {
    signal?.throwIfAborted();
    const { stream, replica, sequence } = segment;
    if (stream !== 'operations') continue;
    for (let missing = (last.get(replica) ?? 0) + 1; missing < sequence; missing += 1) {
      const where = nameOf({ replica, stream, sequence: missing });
      onProblem({ kind: 'segment_missing', where, what: 'is lost: later ones are there' });
    }
    last.set(replica, sequence);
    let record = 0;
    for await (const json of source.records(segment)) {
      if (!isOperation(json)) {
        const where = `record ${record} of ${nameOf(segment)}`;
        onProblem({ kind: 'record_invalid', where, what: 'is none that this version knows' });
      }
      record += 1;
    }
    found.segments += 1;
    found.records += record;
  }
  return { stream: 'operations', ...found };
}

function isOperation(json: string): boolean {
  try {
    return contextOperation.safeParse(JSON.parse(json)).success;
  } catch {
    return false;
  }
}
