// Tables held against the logs that they were made of: every file is what was committed, every row hashes to the record that was taken in,
// and every record of every segment is there once.
import { createHash } from 'node:crypto';
import type { SealedSegment, SegmentSource } from '../../../contracts/segment.ts';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { openTables, type PoolTables } from './open.ts';
import { givenUp, givenUpId, type Loss, logId } from './progress.ts';
import { textOf } from './row.ts';
import { TABLE_STREAMS, TABLES, type TableStream } from './schema.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { isTakenIn, nameOf } from './stage.ts';
import { storedRecords } from './stored.ts';

export const PROBLEM_KINDS = [
  'file',
  'row_altered',
  'record_missing',
  'record_differs',
  'record_twice',
  'record_unknown',
  'record_invalid',
  'segment_missing',
] as const;

export interface PoolProblem {
  readonly kind: (typeof PROBLEM_KINDS)[number];
  readonly where: string;
  readonly what: string;
}

export interface VerifiedTable {
  readonly name: TableStream;
  readonly version: number;
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  /** Segments whose every record was looked up; those that are not taken in yet; those that were given up. */
  readonly segments: { readonly taken: number; readonly waiting: number; readonly givenUp: readonly Loss[] };
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly onProblem: (problem: PoolProblem) => void;
}

export interface Checked extends AsyncDisposable {
  readonly tables: PoolTables;
  /** Tables with a file that is gone or altered: they are empty here, and what is wrong was told. */
  readonly damaged: ReadonlySet<TableStream>;
}

/** Opens the tables whose every file is what was committed: an engine would stop at the first that is not. */
export async function openChecked(files: TableFiles, options: VerifyOptions): Promise<Checked> {
  const damaged = new Set<TableStream>();
  for (const stream of TABLE_STREAMS) {
    const snapshot = await readSnapshot(files, TABLES[stream]);
    if (!(await verifyFiles(files, stream, snapshot, options))) damaged.add(stream);
  }
  const tables = await openTables(files, { signal: options.signal, sealed: true, without: damaged });
  return { tables, damaged, [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose]() };
}

export async function verifyTables(
  { tables, damaged }: Checked,
  source: SegmentSource,
  options: VerifyOptions,
): Promise<VerifiedTable[]> {
  const verified: VerifiedTable[] = [];
  for (const stream of TABLE_STREAMS) {
    const snapshot = tables.snapshots[stream];
    const whole = !damaged.has(stream);
    // What cannot be read has been told, and is not looked for any further.
    const records = whole ? await verifyRows(tables, stream, options) : 0;
    const segments = whole
      ? await verifySegments(tables, stream, source, options)
      : { taken: 0, waiting: 0, givenUp: givenUp(snapshot) };
    const bytes = [...snapshot.files.values()].reduce((sum, { size }) => sum + size, 0);
    const { version, files } = snapshot;
    verified.push({ name: stream, version, files: files.size, bytes, records, segments });
  }
  return verified;
}

async function verifyFiles(
  files: TableFiles,
  stream: TableStream,
  snapshot: Snapshot,
  { onProblem, signal }: VerifyOptions,
): Promise<boolean> {
  let whole = true;
  for (const { path, size, tags } of snapshot.files.values()) {
    signal?.throwIfAborted();
    const where = `${stream}/${decodeURIComponent(path)}`;
    const bytes = await files.read(where);
    const expected = tags?.sha256;
    let what: string | undefined;
    if (bytes === undefined) what = 'is not there';
    else if (bytes.length !== size) what = `has ${bytes.length} bytes, ${size} were committed`;
    else if (expected && createHash('sha256').update(bytes).digest('hex') !== expected)
      what = 'does not match its hash';
    if (what === undefined) continue;
    whole = false;
    onProblem({ kind: 'file', where, what });
  }
  return whole;
}

async function verifyRows(tables: PoolTables, stream: TableStream, { onProblem, signal }: VerifyOptions) {
  const key = stream === 'completions' ? 'id' : 'rollout';
  let records = 0;
  for await (const { row, intact } of storedRecords(tables, stream, 'true')) {
    signal?.throwIfAborted();
    records += 1;
    if (!intact)
      onProblem({ kind: 'row_altered', where: textOf(row, key), what: 'its columns are not what was taken in' });
  }
  for await (const { name, times } of tables.duck.objects(
    `SELECT "${key}" AS name, count(*)::INTEGER AS times FROM ${stream} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1`,
  ))
    onProblem({ kind: 'record_twice', where: String(name), what: `is there ${times} times` });
  return records;
}

interface Known {
  readonly log: string;
  readonly sequence: number;
  readonly record: number;
  readonly hash: string;
}

/** Both sides come in the same order, so that neither has to be held: a merge of what was sealed with what is there. */
async function verifySegments(
  tables: PoolTables,
  stream: TableStream,
  source: SegmentSource,
  { onProblem, signal }: VerifyOptions,
) {
  const snapshot = tables.snapshots[stream];
  const rows = inOrder(tables, stream);
  let next = await take(rows);
  let taken = 0;
  let waiting = 0;
  let last: { log: string; sequence: number } | undefined;

  /** `told`: of a segment that was listed. Rows of logs that are kept elsewhere by now contradict nothing here. */
  async function pass(until: Place | undefined, told: boolean): Promise<void> {
    for (; next !== undefined && (until === undefined || order(next, until) < 0); next = await take(rows))
      if (told)
        onProblem({
          kind: 'record_unknown',
          where: `record ${next.record} of segment ${next.sequence} of ${next.log}'s ${stream}`,
          what: 'is in no segment',
        });
  }

  async function compareWith(segment: SealedSegment): Promise<void> {
    const { replica: log, sequence } = segment;
    let record = 0;
    for await (const json of source.records(segment)) {
      const at = { log, sequence, record };
      await pass(at, true);
      const where = `record ${record} of ${nameOf(segment)}`;
      record += 1;
      if (next === undefined || order(next, at) !== 0) {
        onProblem({ kind: 'record_missing', where, what: 'is not in the table' });
        continue;
      }
      if (!isTakenIn(segment, at.record, json, next.hash))
        onProblem({ kind: 'record_differs', where, what: 'is another one in the table' });
      next = await take(rows);
      for (; next !== undefined && order(next, at) === 0; next = await take(rows))
        onProblem({ kind: 'record_twice', where, what: 'is in the table more than once' });
    }
  }

  for await (const segment of source.list()) {
    signal?.throwIfAborted();
    if (segment.stream !== stream) continue;
    const { replica: log, sequence } = segment;
    tellGap(segment, last?.log === log ? last.sequence : 0, snapshot, onProblem);
    last = { log, sequence };
    await pass({ log, sequence, record: 0 }, false);
    if (isTaken(segment, snapshot)) {
      taken += 1;
      await compareWith(segment);
    } else waiting += 1;
    await pass({ log, sequence: sequence + 1, record: 0 }, true);
  }
  await pass(undefined, false);
  return { taken, waiting, givenUp: givenUp(snapshot) };
}

async function* inOrder({ duck }: PoolTables, stream: TableStream): AsyncGenerator<Known> {
  const sql = `SELECT "segmentReplica", "segmentSequence"::VARCHAR AS "segmentSequence", "segmentRecord"::VARCHAR AS "segmentRecord", "recordHash"
    FROM ${stream} ORDER BY 1, ${stream}."segmentSequence", ${stream}."segmentRecord"`;
  for await (const row of duck.rows(sql))
    yield {
      ...{
        log: textOf(row, 'segmentReplica'),
        sequence: Number(row.segmentSequence),
        record: Number(row.segmentRecord),
      },
      hash: textOf(row, 'recordHash'),
    };
}

async function take(rows: AsyncGenerator<Known>): Promise<Known | undefined> {
  const { value, done } = await rows.next();
  return done === true ? undefined : value;
}

type Place = Omit<Known, 'hash'>;
function order(a: Place, b: Place): number {
  if (a.log !== b.log) return a.log < b.log ? -1 : 1;
  return a.sequence - b.sequence || a.record - b.record;
}

function isTaken(segment: SealedSegment, { applied }: Snapshot): boolean {
  if (segment.sequence > (applied.get(logId(segment)) ?? 0)) return false;
  return applied.get(givenUpId(segment)) !== 0;
}

function tellGap(
  { replica, stream, sequence }: SealedSegment,
  before: number,
  { applied }: Snapshot,
  onProblem: VerifyOptions['onProblem'],
): void {
  for (let missing = before + 1; missing < sequence; missing += 1) {
    const of = { replica, stream, sequence: missing };
    // Taken in while it was there: nothing of it is lost.
    const safe = missing <= (applied.get(logId(of)) ?? 0) && applied.get(givenUpId(of)) !== 0;
    if (!safe) onProblem({ kind: 'segment_missing', where: nameOf(of), what: 'is lost: later ones are there' });
  }
}

/** Rows by campaign, of both tables; for those that no plan names. */
export async function campaignsIn({ duck }: PoolTables): Promise<string[]> {
  const found: string[] = [];
  const sql = `SELECT DISTINCT campaign FROM (SELECT campaign FROM ${TABLES.completions.name} UNION ALL SELECT campaign FROM ${TABLES.trajectories.name}) ORDER BY 1`;
  for await (const { campaign } of duck.rows(sql))
    if (campaign !== null && campaign !== undefined) found.push(campaign);
  return found;
}
