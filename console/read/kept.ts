// What the store keeps of something, part by part: one that cannot be read is told, and hides no other.
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { Readable } from './rollouts.ts';

type Objects = Pick<ArtifactStore, 'get'>;
type Names = Pick<ArtifactStore, 'readNamed'>;

/** Larger ones are not read for a page. */
const MOST_BYTES = 8 * 2 ** 20;

export async function objectOf<T>(store: Objects, ref: ArtifactRef, schema: z.ZodType<T>): Promise<Readable<T>> {
  const bytes = await bytesOf(store, ref);
  return 'why' in bytes ? bytes : parsed(bytes.value, schema);
}

export async function bytesOf(store: Objects, ref: ArtifactRef): Promise<Readable<Uint8Array>> {
  if (ref.bytes > MOST_BYTES)
    return { why: new AnnealError('console.no_page', `${ref.bytes} bytes are too many to be shown here`) };
  try {
    return { value: await store.get(ref) };
  } catch (failure) {
    return { why: asAnnealError(failure) };
  }
}

/** Undefined where there is nothing of that name. */
export async function namedOf<T>(store: Names, key: string, schema: z.ZodType<T>): Promise<Readable<T> | undefined> {
  try {
    const found = await store.readNamed(key);
    return found && parsed(found.bytes, schema);
  } catch (failure) {
    return { why: asAnnealError(failure) };
  }
}

function parsed<T>(bytes: Uint8Array, schema: z.ZodType<T>): Readable<T> {
  try {
    const read = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (read.success) return { value: read.data };
  } catch {
    // No JSON: as little what it should be as JSON of another form.
  }
  return { why: new AnnealError('store.corrupt_object', 'what lies there has another form than it should') };
}
