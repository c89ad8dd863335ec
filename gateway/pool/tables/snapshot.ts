// What a table is at one version: its files, and how far each log was taken in. Read from the newest checkpoint and the commits after it.

import { AnnealError } from '../../../contracts/errors.ts';
import type { TableFiles } from '../../../contracts/table-files.ts';
import {
  type Action,
  type AddAction,
  action,
  checkpointPath,
  commitPath,
  decodeActions,
  hintPath,
  logFolder,
  type MetadataAction,
  PROTOCOL,
} from './actions.ts';
import { closing } from './closing.ts';
import { openDuck, quoted } from './duck.ts';
import type { TableSchema } from './schema.ts';

export interface Snapshot {
  /** −1: there is no table yet. */
  readonly version: number;
  readonly files: ReadonlyMap<string, AddAction>;
  /** By application: Delta's own means against taking something in twice. */
  readonly applied: ReadonlyMap<string, number>;
  readonly metadata: MetadataAction | undefined;
  readonly protocol: { readonly minReaderVersion: number; readonly minWriterVersion: number } | undefined;
}

export const NOTHING: Snapshot = {
  version: -1,
  files: new Map(),
  applied: new Map(),
  metadata: undefined,
  protocol: undefined,
};

const COMMIT = /\/(\d{20})\.json$/;
const CHECKPOINT = /\/(\d{20})\.checkpoint\.parquet$/;

/**
 * The newest state.
 * @throws AnnealError `pool.table_damaged` where the log has a gap, `pool.table_unsupported` where the table needs another reader
 */
export async function readSnapshot(files: TableFiles, { name }: TableSchema): Promise<Snapshot> {
  const hinted = await hintedVersion(files, name);
  const list = (from?: number) => files.list(logFolder(name), from === undefined ? undefined : before(name, from));
  let listed = await list(hinted);
  // A hint whose checkpoint is gone only costs a longer list.
  if (hinted !== undefined && !listed.some(({ path }) => path === checkpointPath(name, hinted))) listed = await list();
  const versions = (pattern: RegExp) => listed.flatMap(({ path }) => pattern.exec(path)?.[1] ?? []).map(Number);
  const checkpoint = versions(CHECKPOINT).at(-1);
  let snapshot = NOTHING;
  if (checkpoint !== undefined) {
    const path = checkpointPath(name, checkpoint);
    const file = listed.find((one) => one.path === path)!;
    snapshot = apply(NOTHING, checkpoint, await readCheckpoint(files, await files.local(file)));
  }
  for (const version of versions(COMMIT)) {
    if (version <= snapshot.version) continue;
    snapshot = await advance(files, name, snapshot, version);
  }
  return supported(snapshot, `${files.address}/${name}`);
}

/** With the commits that others have made since. */
export async function catchUp(files: TableFiles, { name }: TableSchema, snapshot: Snapshot): Promise<Snapshot> {
  let current = snapshot;
  for (;;) {
    const version = current.version + 1;
    const bytes = await files.read(commitPath(name, version));
    if (bytes === undefined) return supported(current, `${files.address}/${name}`);
    current = apply(current, version, decodeActions(commitPath(name, version), bytes));
  }
}

async function advance(files: TableFiles, name: string, snapshot: Snapshot, version: number): Promise<Snapshot> {
  const path = commitPath(name, version);
  const bytes = version === snapshot.version + 1 ? await files.read(path) : undefined;
  if (bytes === undefined)
    throw new AnnealError('pool.table_damaged', `${files.address}/${name} has lost its commit ${snapshot.version + 1}`);
  return apply(snapshot, version, decodeActions(path, bytes));
}

export function apply(snapshot: Snapshot, version: number, actions: readonly Action[]): Snapshot {
  const files = new Map(snapshot.files);
  const applied = new Map(snapshot.applied);
  let { metadata, protocol } = snapshot;
  for (const { add, remove, txn, protocol: newer, metaData } of actions) {
    if (remove) files.delete(remove.path);
    if (add) files.set(add.path, add);
    if (txn) applied.set(txn.appId, txn.version);
    protocol = newer ?? protocol;
    metadata = metaData ?? metadata;
  }
  return { version, files, applied, metadata, protocol };
}

function supported(snapshot: Snapshot, where: string): Snapshot {
  const { protocol, version } = snapshot;
  if (version === -1) return snapshot;
  const reader = protocol?.minReaderVersion ?? Number.POSITIVE_INFINITY;
  const writer = protocol?.minWriterVersion ?? Number.POSITIVE_INFINITY;
  if (reader <= PROTOCOL.minReaderVersion && writer <= PROTOCOL.minWriterVersion) return snapshot;
  throw new AnnealError(
    'pool.table_unsupported',
    `${where} asks for readers of version ${reader} and writers of version ${writer}; known are ${PROTOCOL.minReaderVersion} and ${PROTOCOL.minWriterVersion}`,
  );
}

async function hintedVersion(files: TableFiles, name: string): Promise<number | undefined> {
  const bytes = await files.read(hintPath(name));
  if (bytes === undefined) return undefined;
  try {
    const { version } = JSON.parse(new TextDecoder().decode(bytes)) as { version?: unknown };
    return typeof version === 'number' ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Just before the checkpoint of a version, which is what a list begins after. */
const before = (name: string, version: number): string => checkpointPath(name, version).slice(0, -'parquet'.length);

async function readCheckpoint(files: TableFiles, path: string): Promise<Action[]> {
  const sql = `SELECT to_json(one)::VARCHAR AS action FROM read_parquet(${quoted(path)}) AS one`;
  return closing(await openDuck(files), async (duck) => {
    const actions: Action[] = [];
    for await (const row of duck.rows(sql)) actions.push(action.parse(JSON.parse(row.action ?? 'null')));
    return actions;
  });
}
