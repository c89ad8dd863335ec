// A commit to a Delta table: the next number in its log, created once. Of two writers one gets the number; the other reads what was
// committed and decides anew.
import { createHash, randomUUID } from 'node:crypto';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { type AddAction, commitPath, encodeActions, type MetadataAction, PROTOCOL } from './actions.ts';
import { deltaSchema, PARTITIONS, type TableSchema } from './schema.ts';
import { apply, catchUp, readSnapshot, type Snapshot } from './snapshot.ts';

export interface Change {
  readonly add: readonly Omit<AddAction, 'modificationTime' | 'dataChange'>[];
  /** How far each log is taken in by this, and how far it has to have been. */
  readonly applied: readonly { readonly appId: string; readonly from: number | undefined; readonly to: number }[];
}

export interface Committed {
  /** False: another writer took something of it in first; nothing of this one was. */
  readonly done: boolean;
  readonly snapshot: Snapshot;
}

/** The table as it is; made where there is none. */
export async function openTable(files: TableFiles, schema: TableSchema): Promise<Snapshot> {
  const found = await readSnapshot(files, schema);
  if (found.version >= 0) return found;
  const createdTime = Date.now();
  const metaData: MetadataAction = {
    id: randomUUID(),
    format: { provider: 'parquet', options: {} },
    schemaString: deltaSchema(schema),
    partitionColumns: [...PARTITIONS],
    configuration: {},
    createdTime,
  };
  const actions = [commitInfo('CREATE TABLE', createdTime), { protocol: PROTOCOL }, { metaData }];
  await files.create(commitPath(schema.name, 0), encodeActions(actions));
  return catchUp(files, schema, found);
}

/** Tried until it is committed, or until somebody else has taken one of its logs further. */
export async function commit(
  files: TableFiles,
  schema: TableSchema,
  before: Snapshot,
  change: Change,
): Promise<Committed> {
  let snapshot = before;
  for (;;) {
    const superseded = change.applied.some(({ appId, from }) => snapshot.applied.get(appId) !== from);
    if (superseded) return { done: false, snapshot };
    const now = Date.now();
    const actions = [
      commitInfo('WRITE', now),
      ...change.applied.map(({ appId, to }) => ({ txn: { appId, version: to, lastUpdated: now } })),
      ...change.add.map((add) => ({ add: { ...add, modificationTime: now, dataChange: true } })),
    ];
    const version = snapshot.version + 1;
    const path = commitPath(schema.name, version);
    const bytes = encodeActions(actions);
    const created = await files.create(path, bytes);
    // The answer to a request that succeeded may have been lost: then what stands there is ours to the last byte, its nonce included.
    if (created || isSame(await files.read(path), bytes))
      return { done: true, snapshot: apply(snapshot, version, actions as Parameters<typeof apply>[2]) };
    snapshot = await catchUp(files, schema, snapshot);
  }
}

const commitInfo = (operation: string, timestamp: number): object => ({
  commitInfo: { timestamp, operation, operationParameters: {}, engineInfo: 'anneal', txnId: randomUUID() },
});

const hash = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const isSame = (found: Uint8Array | undefined, bytes: string): boolean =>
  found !== undefined && hash(found) === hash(bytes);
