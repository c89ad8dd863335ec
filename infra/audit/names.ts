// Where the audit log lies in the store, and how what lies there is read.
import { createHash } from 'node:crypto';
import type { NamedObject } from '../../contracts/artifact.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';

export const ENTRIES = 'audit/entries/';
export const HEADS = 'audit/heads/';
const DIGITS = 12;

const padded = (number: number): string => String(number).padStart(DIGITS, '0');
export const entryName = (number: number): string => `${ENTRIES}${padded(number)}`;
export const headName = (number: number): string => `${HEADS}${padded(number)}`;
/** That an id stands in the log, and where: what makes noting it again change nothing. */
export const idName = (id: string): string => `audit/ids/${hashOf(id)}`;
/** Where to begin to look for the end. It may lag behind; one that is ahead of the entries says that some were taken away. */
export const END_HINT = 'audit/end';

export const hashOf = (bytes: Uint8Array | string): Sha256 =>
  sha256.parse(createHash('sha256').update(bytes).digest('hex'));
export const textOf = ({ bytes }: NamedObject): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** Undefined where it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
