// Delta's log: what a commit says. Only what we write and what engines do to such tables in the course of upkeep; anything that changes
// how rows are read needs a higher protocol, which is refused.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';

const strings = z.record(z.string(), z.string().nullish());

export const addAction = z.looseObject({
  path: z.string(),
  partitionValues: strings,
  size: z.int().nonnegative(),
  modificationTime: z.int(),
  dataChange: z.boolean(),
  stats: z.string().nullish(),
  tags: strings.nullish(),
  deletionVector: z.unknown().optional(),
});
export type AddAction = z.infer<typeof addAction>;

export const txnAction = z.looseObject({ appId: z.string(), version: z.int(), lastUpdated: z.int().nullish() });
export type TxnAction = z.infer<typeof txnAction>;

export const protocolAction = z.looseObject({ minReaderVersion: z.int(), minWriterVersion: z.int() });
export const metadataAction = z.looseObject({
  id: z.string(),
  format: z.looseObject({ provider: z.string() }),
  schemaString: z.string(),
  partitionColumns: z.array(z.string()),
  configuration: strings.nullish(),
  createdTime: z.int().nullish(),
});
export type MetadataAction = z.infer<typeof metadataAction>;

export const action = z.looseObject({
  add: addAction.nullish(),
  remove: z.looseObject({ path: z.string() }).nullish(),
  txn: txnAction.nullish(),
  protocol: protocolAction.nullish(),
  metaData: metadataAction.nullish(),
});
export type Action = z.infer<typeof action>;

/** What every reader of Delta tables can do, and what we write. */
export const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 } as const;

export const DIGITS = 20;
export const logFolder = (table: string): string => `${table}/_delta_log/`;
export const commitPath = (table: string, version: number): string =>
  `${logFolder(table)}${String(version).padStart(DIGITS, '0')}.json`;
export const checkpointPath = (table: string, version: number): string =>
  `${logFolder(table)}${String(version).padStart(DIGITS, '0')}.checkpoint.parquet`;
export const hintPath = (table: string): string => `${logFolder(table)}_last_checkpoint`;

export const encodeActions = (actions: readonly object[]): string =>
  actions.map((one) => `${JSON.stringify(one)}\n`).join('');

/** @throws AnnealError `pool.table_damaged` */
export function decodeActions(path: string, bytes: Uint8Array): Action[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [action.parse(JSON.parse(line))];
    } catch (failure) {
      throw new AnnealError('pool.table_damaged', `${path}: line ${at + 1} is no action of a Delta log`, {
        cause: failure,
      });
    }
  });
}
