// Small content inside the record that names it, larger content in the store.
import { createHash } from 'node:crypto';
import { type ArtifactStore, HELD_BYTES, type Held } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { sha256 } from '../contracts/ids.ts';

/** Durable with the record that it is written into, or at once if it is large. */
export async function hold(store: Pick<ArtifactStore, 'put'>, text: string): Promise<Held> {
  const bytes = Buffer.byteLength(text);
  // A lone surrogate has no UTF-8 form: the text would come back as another.
  if (bytes > HELD_BYTES || !text.isWellFormed()) return store.put(text);
  return { text, sha256: hashOf(text), bytes };
}

/** @throws AnnealError `store.corrupt_object` when the text is not what its hash says; those of the store */
export async function textOf(store: Pick<ArtifactStore, 'get'>, held: Held): Promise<string> {
  if ('uri' in held) return new TextDecoder().decode(await store.get(held));
  if (hashOf(held.text) !== held.sha256)
    throw new AnnealError('store.corrupt_object', `a record holds a text that does not hash to ${held.sha256}`);
  return held.text;
}

const hashOf = (text: string) => sha256.parse(createHash('sha256').update(text).digest('hex'));
