// A checkpoint: the table's whole state in one file, so that opening it costs the same however many commits there were. It is a copy:
// where it fails, or nobody writes it, the commits still say everything.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { checkpointPath, encodeActions, hintPath } from './actions.ts';
import { type Duck, quoted } from './duck.ts';
import type { TableSchema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/** A commit is one small file to read; so many of them are as much as a checkpoint. */
export const CHECKPOINT_EVERY = 50;

const MAP = 'MAP(VARCHAR, VARCHAR)';
/** Every member that Delta's format names for the versions that we write. */
const COLUMNS = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: `STRUCT(path VARCHAR, partitionValues ${MAP}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags ${MAP})`,
  remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN)',
  metaData: `STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options ${MAP}), schemaString VARCHAR, partitionColumns VARCHAR[], configuration ${MAP}, createdTime BIGINT)`,
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)',
};

export async function writeCheckpoint(
  files: TableFiles,
  { name }: TableSchema,
  duck: Duck,
  snapshot: Snapshot,
): Promise<void> {
  const actions = [
    { protocol: snapshot.protocol },
    { metaData: snapshot.metadata },
    ...[...snapshot.applied].map(([appId, version]) => ({ txn: { appId, version } })),
    // What is in the table already changes nothing.
    ...[...snapshot.files.values()].map((add) => ({ add: { ...add, dataChange: false } })),
  ];
  const staged = join(duck.folder, 'checkpoint.ndjson');
  const written = join(duck.folder, 'checkpoint.parquet');
  const lines = encodeActions(actions);
  await writeFile(staged, lines);
  const columns = Object.entries(COLUMNS).map(([column, type]) => `${column}: ${quoted(type)}`);
  const longest = Math.max(...lines.split('\n').map((line) => Buffer.byteLength(line)));
  await duck.run(
    `COPY (SELECT * FROM read_json(${quoted(staged)}, format = 'newline_delimited', columns = {${columns.join(', ')}}, maximum_object_size = ${longest + 1024}))
     TO ${quoted(written)} (FORMAT parquet)`,
  );
  const bytes = await readFile(written);
  // Somebody else's of the same version says the same.
  await files.create(checkpointPath(name, snapshot.version), bytes);
  const hint = { version: snapshot.version, size: actions.length, sizeInBytes: bytes.length };
  await files.replace(hintPath(name), JSON.stringify(hint));
}
