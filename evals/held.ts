// Small content inside the record that names it, larger content in the store.
import { createHash } from 'node:crypto';
import { type ArtifactStore, HELD_BYTES, type Held } from '../contracts/artifact.ts';
import { sha256 } from '../contracts/ids.ts';

/** Durable with the record that it is written into, or at once if it is large. */
export async function hold(store: Pick<ArtifactStore, 'put'>, text: string): Promise<Held> {
  const bytes = Buffer.byteLength(text);
  // A lone surrogate has no UTF-8 form: the text would come back as another.
  if (bytes > HELD_BYTES || !text.isWellFormed()) return store.put(text);
  return { text, sha256: sha256.parse(createHash('sha256').update(text).digest('hex')), bytes };
}
