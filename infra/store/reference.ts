// What every artifact store checks about its addresses, whichever the adapter.
import { type ArtifactRef, artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { sha256 as sha256Schema } from '../../contracts/ids.ts';

/** What went through a copy, a hash or an upload. */
export interface Copied {
  readonly sha256: string;
  readonly bytes: number;
}

export function refOf({ sha256, bytes }: Copied): ArtifactRef {
  return { uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`, sha256: sha256Schema.parse(sha256), bytes };
}

/** References arrive inside documents: one that contradicts itself must not lead anywhere. */
export function checkedRef(given: ArtifactRef): ArtifactRef {
  const parsed = artifactRef.safeParse(given);
  if (!parsed.success || parsed.data.uri !== refOf(parsed.data).uri) {
    throw new AnnealError('store.corrupt_object', `not a reference to an object: ${JSON.stringify(given)}`);
  }
  return parsed.data;
}

export function corruptObject(ref: ArtifactRef, how: string): AnnealError {
  return new AnnealError('store.corrupt_object', `${ref.uri} is damaged: ${how}`);
}

/** @throws AnnealError `store.corrupt_object` unless exactly the object went through. */
export function mustMatch(ref: ArtifactRef, found: Copied): void {
  if (found.bytes !== ref.bytes) throw corruptObject(ref, 'its size differs');
  if (found.sha256 !== ref.sha256) throw corruptObject(ref, `it hashes to ${found.sha256}`);
}

export function absentObject(ref: ArtifactRef): AnnealError {
  return new AnnealError('store.not_found', `${ref.uri} is not in the store`);
}

/** No key part may contain '@', so that a generation is never mistaken for a part of a longer key. */
export const KEY_PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** @throws AnnealError `internal.bug` for a name that no store takes, such as one that leads out of it. */
export function partsOf(key: string): string[] {
  const parts = key.split('/');
  if (key.length > 512 || parts.some((part) => !KEY_PART.test(part))) {
    throw new AnnealError('internal.bug', `not a name for the store: ${JSON.stringify(key)}`);
  }
  return parts;
}

export const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;
