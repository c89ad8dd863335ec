// Records read back from the tables, one at a time. Nothing is sorted on the way: whole rows of many files side by side would not fit.
import { completionOf } from './completion-row.ts';
import { asText, type PoolTables } from './open.ts';
import { hashOfRecord, type StoredRow, textOf } from './row.ts';
import { TABLES, type TableStream } from './schema.ts';
import { trajectoryOf } from './trajectory-row.ts';

const READ = { completions: completionOf, trajectories: trajectoryOf } as const;

export interface StoredRecord {
  readonly record: Readonly<Record<string, unknown>>;
  /** Whether it hashes to what was taken in. */
  readonly intact: boolean;
  readonly row: StoredRow;
}

/** `where`: SQL over the table's columns. */
export async function* storedRecords(
  { duck }: PoolTables,
  stream: TableStream,
  where: string,
): AsyncGenerator<StoredRecord> {
  const sql = `SELECT ${asText(TABLES[stream])} FROM ${stream} WHERE ${where}`;
  for await (const row of duck.rows(sql)) {
    const record = READ[stream](row);
    yield { record, row, intact: hashOfRecord(record) === textOf(row, 'recordHash') };
  }
}
