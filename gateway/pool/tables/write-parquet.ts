// Rows become Parquet files, one a partition: staged as lines of JSON, which is all that passes through this process, then read, sorted and
// compressed by DuckDB. Memory is bounded by what is staged at once, whatever the shape of the records.
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableFiles } from '../../../contracts/table-files.ts';
import type { AddAction } from './actions.ts';
import { type Duck, named, quoted } from './duck.ts';
import type { Row } from './row.ts';
import { duckType, storedColumns, type TableSchema } from './schema.ts';

/** Kept in memory before it is written, as the bytes that they will be: a million lines leave a million strings, and less room. */
const BUFFER_BYTES = 4 << 20;
/** Of UTF-8 for one unit of a string, at most. */
const WIDEST = 3;

interface Partition {
  readonly campaign: string;
  readonly round: number;
  readonly path: string;
  /** Lines that lie in the buffer. */
  waiting: Buffer[];
  rows: number;
  /** Of the longest line. */
  longest: number;
}

export interface Staging extends AsyncDisposable {
  add(row: Row): Promise<void>;
  /** Writes what was added to the table's folder, where nothing refers to it yet. */
  write(files: TableFiles, signal?: AbortSignal): Promise<Omit<AddAction, 'modificationTime' | 'dataChange'>[]>;
}

export async function openStaging(schema: TableSchema, duck: Duck): Promise<Staging> {
  // Its own: the one before may still be on its way into a file.
  const folder = await mkdtemp(join(duck.folder, `staged-${schema.name}-`));
  const partitions = new Map<string, Partition>();
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let buffered = 0;

  async function flush(): Promise<void> {
    for (const partition of partitions.values()) {
      if (partition.waiting.length === 0) continue;
      await appendFile(partition.path, Buffer.concat(partition.waiting));
      partition.waiting = [];
    }
    buffered = 0;
  }

  function partitionOf(campaign: string, round: number): Partition {
    const key = `${campaign}/${round}`;
    const known = partitions.get(key);
    if (known !== undefined) return known;
    const path = join(folder, `${partitions.size}.ndjson`);
    const made: Partition = { campaign, round, path, waiting: [], rows: 0, longest: 0 };
    partitions.set(key, made);
    return made;
  }

  /** In the buffer where it fits, or by itself. */
  async function bytesOf(line: string): Promise<Buffer> {
    if (line.length * WIDEST > BUFFER_BYTES) return Buffer.from(line);
    if (line.length * WIDEST > BUFFER_BYTES - buffered) await flush();
    const end = buffered + buffer.write(line, buffered);
    const bytes = buffer.subarray(buffered, end);
    buffered = end;
    return bytes;
  }

  return {
    async add({ campaign, round, ...row }) {
      const bytes = await bytesOf(`${JSON.stringify(row)}\n`);
      const partition = partitionOf(String(campaign), Number(round));
      partition.waiting.push(bytes);
      partition.rows += 1;
      partition.longest = Math.max(partition.longest, bytes.length);
      // One that did not fit into the buffer is not kept beside it.
      if (bytes.buffer !== buffer.buffer) await flush();
    },

    async write(files, signal) {
      await flush();
      const added: Omit<AddAction, 'modificationTime' | 'dataChange'>[] = [];
      for (const partition of partitions.values()) {
        signal?.throwIfAborted();
        added.push(await writePartition(files, schema, duck, partition));
        await rm(partition.path);
      }
      return added;
    },

    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A thread reads lines through a buffer of twice the longest. Few lines are longer than this, and one of 64 MiB is still to be read. */
const USUAL_LINE = 8 << 20;

async function roomFor(duck: Duck, longest: number): Promise<void> {
  await duck.room(longest <= USUAL_LINE ? undefined : Math.ceil((longest * 8) / 2 ** 20));
}

async function writePartition(files: TableFiles, schema: TableSchema, duck: Duck, partition: Partition) {
  const columns = storedColumns(schema);
  const types = columns.map((column) => `${quoted(column.name)}: ${quoted(duckType(column))}`);
  const written = `${partition.path}.parquet`;
  const staged = `read_json(${quoted(partition.path)}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${Math.max(partition.longest + 1024, 1 << 20)})`;
  await roomFor(duck, partition.longest);
  // By rollout, so that who asks for one reads little; the rest makes the same rows the same bytes, whoever writes them.
  await duck.run(
    `COPY (SELECT ${columns.map(({ name }) => named(name)).join(', ')} FROM ${staged} ORDER BY rollout, "segmentReplica", "segmentSequence", "segmentRecord")
     TO ${quoted(written)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  let stats: string | undefined;
  for await (const row of duck.rows(
    `SELECT min(rollout) AS lowest, max(rollout) AS highest FROM read_parquet(${quoted(written)})`,
  ))
    stats = JSON.stringify({
      numRecords: partition.rows,
      minValues: { rollout: row.lowest },
      maxValues: { rollout: row.highest },
    });
  const bytes = await readFile(written);
  await rm(written);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { campaign, round } = partition;
  // Named by its content: who takes the same segments in again, after a kill, finds the file there already.
  const path = `campaign=${campaign}/round=${round}/${sha256}.parquet`;
  await files.create(`${schema.name}/${path}`, bytes);
  const partitionValues = { campaign, round: String(round) };
  return { path, partitionValues, size: bytes.length, ...(stats === undefined ? {} : { stats }), tags: { sha256 } };
}
