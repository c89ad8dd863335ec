// The columns of the pool's two tables, once for Delta's log and once for DuckDB. Names are the records' own, so that who knows a record
// knows the table; what other engines reserve (`group`, `offset`) has another name.
import type { SegmentStream } from '../../../contracts/segment.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'long' | 'double' | 'timestamp' | 'strings' | 'longs' | 'doubles';
  readonly comment: string;
}

/** Those of the streams that have a table; context operations have none, and are passed over. */
export const TABLE_STREAMS = ['completions', 'trajectories'] as const satisfies readonly SegmentStream[];
export type TableStream = (typeof TABLE_STREAMS)[number];

export interface TableSchema {
  readonly name: TableStream;
  readonly columns: readonly Column[];
}

/** Whose values stand in the folders' names and not in the files. */
export const PARTITIONS = ['campaign', 'round'] as const;

const json = (name: string, comment: string): Column => ({ name, type: 'string', comment: `JSON: ${comment}` });

const IDENTITY: readonly Column[] = [
  { name: 'campaign', type: 'string', comment: 'partition' },
  { name: 'round', type: 'integer', comment: 'partition' },
  { name: 'rollout', type: 'string', comment: 'campaign/rROUND/PURPOSE.vVERSION/gGROUP/sSAMPLE' },
  { name: 'purpose', type: 'string', comment: 'train, gate, sealed, pilot, again, visible' },
  { name: 'policyVersion', type: 'integer', comment: 'that the rollout was requested of' },
  { name: 'rolloutGroup', type: 'integer', comment: 'rollouts of one group share a task' },
  { name: 'sample', type: 'integer', comment: 'within the group' },
  { name: 'policy', type: 'string', comment: 'that the server says it answered with' },
];

const ORIGIN: readonly Column[] = [
  json('other', 'members of the record that no column holds, or not exactly'),
  { name: 'recordHash', type: 'string', comment: 'SHA-256 of the canonical JSON of the whole record' },
  { name: 'segmentReplica', type: 'string', comment: 'whose log it comes from' },
  { name: 'segmentSequence', type: 'integer', comment: 'of the segment in that log, from 1' },
  { name: 'segmentRecord', type: 'integer', comment: 'of the record in that segment, from 0' },
];

const COMPLETIONS: readonly Column[] = [
  ...IDENTITY,
  { name: 'id', type: 'string', comment: 'ROLLOUT/cINDEX, and .aATTEMPT after the first' },
  { name: 'index', type: 'integer', comment: 'which request of the rollout, from 0' },
  { name: 'attempt', type: 'integer', comment: 'at that request, from 0' },
  { name: 'requestHash', type: 'string', comment: 'SHA-256 of the request' },
  { name: 'fidelity', type: 'string', comment: 'token-exact, or text-only, which does not train' },
  { name: 'promptIds', type: 'longs', comment: 'token ids of the prompt' },
  { name: 'completionIds', type: 'longs', comment: 'token ids of the answer' },
  { name: 'logprobs', type: 'doubles', comment: 'natural, of each token of the answer' },
  { name: 'text', type: 'string', comment: 'of the answer' },
  json('messages', 'role and content of each; empty where turn stands'),
  json('turn', "an agent's request and answer in its own dialect"),
  { name: 'temperature', type: 'double', comment: 'sampling' },
  { name: 'maxTokens', type: 'long', comment: 'sampling' },
  { name: 'seed', type: 'long', comment: 'sampling' },
  { name: 'finish', type: 'string', comment: 'stop, length, aborted, error' },
  { name: 'error', type: 'string', comment: 'why there is no usable answer' },
  { name: 'startedAt', type: 'timestamp', comment: 'UTC' },
  { name: 'milliseconds', type: 'double', comment: 'until the answer was whole' },
  ...ORIGIN,
];

const TRAJECTORIES: readonly Column[] = [
  ...IDENTITY,
  { name: 'split', type: 'string', comment: 'visible, gate, sealed' },
  { name: 'task', type: 'string', comment: 'its id in the task set' },
  { name: 'family', type: 'string', comment: 'of tasks' },
  { name: 'capability', type: 'string', comment: 'that the task measures' },
  { name: 'completions', type: 'strings', comment: 'ids, in the order of the requests' },
  { name: 'outcome', type: 'string', comment: 'only success and policy_failure train' },
  { name: 'reason', type: 'string', comment: 'of any other outcome' },
  { name: 'reward', type: 'double', comment: 'its total' },
  json('rewardRecord', 'the reward with its components, verifier and evidence'),
  json('artifact', 'what the rollout produced'),
  json('alarms', 'what detectors saw'),
  { name: 'promptTokens', type: 'long', comment: 'of all completions' },
  { name: 'completionTokens', type: 'long', comment: 'of all completions' },
  ...ORIGIN,
];

export const TABLES: Readonly<Record<TableStream, TableSchema>> = {
  completions: { name: 'completions', columns: COMPLETIONS },
  trajectories: { name: 'trajectories', columns: TRAJECTORIES },
};

const ELEMENTS = { strings: 'string', longs: 'long', doubles: 'double' } as const;
const isList = (type: Column['type']): type is keyof typeof ELEMENTS => type in ELEMENTS;

/** Delta's `schemaString`. */
export function deltaSchema({ columns }: TableSchema): string {
  const fields = columns.map(({ name, type, comment }) => ({
    name,
    type: isList(type) ? { type: 'array', elementType: ELEMENTS[type], containsNull: true } : type,
    // As the files have it: DuckDB writes every column so.
    nullable: true,
    metadata: { comment },
  }));
  return JSON.stringify({ type: 'struct', fields });
}

const DUCK: Readonly<Record<Column['type'], string>> = {
  string: 'VARCHAR',
  integer: 'INTEGER',
  long: 'BIGINT',
  double: 'DOUBLE',
  // Of an instant: Delta's timestamps are.
  timestamp: 'TIMESTAMPTZ',
  strings: 'VARCHAR[]',
  longs: 'BIGINT[]',
  doubles: 'DOUBLE[]',
};

export const duckType = ({ type }: Column): string => DUCK[type];

const isPartition = ({ name }: Column): boolean => (PARTITIONS as readonly string[]).includes(name);

/** The columns that stand in the files. */
export const storedColumns = ({ columns }: TableSchema): readonly Column[] =>
  columns.filter((column) => !isPartition(column));
