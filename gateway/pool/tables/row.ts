// What rows of both tables have in common: identity from the rollout's id, origin, and a way for text that Parquet cannot hold.
import { hash } from 'node:crypto';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { ReplicaName } from '../../../contracts/segment.ts';

/** A row as it is staged: what JSON can hold. */
export type Row = Readonly<Record<string, unknown>>;

export interface Origin {
  readonly replica: ReplicaName;
  readonly sequence: number;
  readonly record: number;
}

const ROLLOUT = /^([^/]+)\/r(\d+)\/([a-z]+)\.v(\d+)\/g(\d+)\/s(\d+)$/;

export function identityOf(rollout: string) {
  const parts = ROLLOUT.exec(rollout);
  if (parts === null) throw new AnnealError('pool.record_invalid', `${rollout} is no rollout's id`);
  const [, campaign = '', round, purpose = '', policyVersion, rolloutGroup, sample] = parts;
  return {
    ...{ campaign, round: Number(round), rollout, purpose, policyVersion: Number(policyVersion) },
    ...{ rolloutGroup: Number(rolloutGroup), sample: Number(sample) },
  };
}

export const originOf = ({ replica, sequence, record }: Origin) => ({
  segmentReplica: replica,
  segmentSequence: sequence,
  segmentRecord: record,
});

export const hashOfRecord = (record: unknown): string => hash('sha256', canonicalJson(record));

/**
 * Puts text into columns as far as it can stand there, and what it really was into `other`: half of a surrogate pair is text in JavaScript
 * and in JSON, and none in UTF-8.
 * @param other members that no column holds
 */
export function withOther(columns: Row, other: Readonly<Record<string, unknown>>): Row {
  const kept: Record<string, unknown> = { ...other };
  const row: Record<string, unknown> = { ...columns };
  for (const [name, value] of Object.entries(columns)) {
    if (typeof value !== 'string' || value.isWellFormed()) continue;
    row[name] = value.toWellFormed();
    kept[name] = value;
  }
  const members = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { ...row, other: members.length === 0 ? undefined : JSON.stringify(Object.fromEntries(members)) };
}

/** What a row read back looks like: every column as text, null where it is null. */
export type StoredRow = Readonly<Record<string, string | null>>;

export function textOf(row: StoredRow, name: string): string {
  const value = row[name];
  if (value === null || value === undefined) throw new AnnealError('pool.table_damaged', `a row has no ${name}`);
  return value;
}

export const jsonOf = (row: StoredRow, name: string): unknown => {
  const value = row[name];
  return value === null || value === undefined ? undefined : JSON.parse(value);
};
export const maybeText = (row: StoredRow, name: string): string | undefined => row[name] ?? undefined;

/** The record without members that are absent; `other` wins, since it is exact. */
export function recordOf(
  members: Readonly<Record<string, unknown>>,
  row: StoredRow,
): Readonly<Record<string, unknown>> {
  const exact = jsonOf(row, 'other') as Readonly<Record<string, unknown>> | undefined;
  const all = Object.entries({ ...members, ...exact });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
