// References to bytes in the artifact store, and the port that every store adapter implements.
import { z } from 'zod';
import { sha256 } from './ids.ts';

/** `store:objects/<first two hex digits>/<sha256>`: independent of where the store lives. */
export const artifactRef = z.strictObject({
  uri: z.string().regex(/^store:objects\/[0-9a-f]{2}\/[0-9a-f]{64}$/),
  sha256,
  bytes: z.int().nonnegative(),
});
export type ArtifactRef = z.infer<typeof artifactRef>;

/** More than this goes to the store: bytes of UTF-8. */
export const HELD_BYTES = 4_096;

/**
 * Text that travels in the record that names it. Of what every rollout leaves most is this small; a file for each would cost more than
 * judging it.
 */
export const heldText = z.strictObject({
  text: z.string().max(HELD_BYTES),
  sha256,
  bytes: z.int().nonnegative().max(HELD_BYTES),
});

/** Content by reference or, where it is small, itself. Either way its hash says what it must be. */
export const held = z.union([artifactRef, heldText]);
export type Held = z.infer<typeof held>;

/** A mutable name's content, with the tag that a compare-and-swap must present. */
export interface NamedObject {
  readonly bytes: Uint8Array;
  readonly tag: string;
}

/**
 * Content-addressed objects plus a few mutable names.
 *
 * Every method throws `AnnealError` with a `store.*` code. An object is durable (fsynced or acknowledged by the
 * server) when `put` returns; `get` verifies hash and size and throws `store.corrupt_object` rather than return wrong bytes.
 */
export interface ArtifactStore {
  put(bytes: Uint8Array | string): Promise<ArtifactRef>;
  /** Streams a file into the store in bounded memory. */
  putFile(path: string): Promise<ArtifactRef>;
  get(ref: ArtifactRef): Promise<Uint8Array>;
  /** Streams a verified object to a local file; the file appears whole or not at all. */
  getFile(ref: ArtifactRef, path: string): Promise<void>;
  has(ref: ArtifactRef): Promise<boolean>;
  /** Creates a name once. Returns false, and changes nothing, when it exists. */
  createNamed(key: string, bytes: Uint8Array | string): Promise<boolean>;
  readNamed(key: string): Promise<NamedObject | undefined>;
  /** Replaces a name only if its tag is still `expectedTag` (`null`: only if absent). Returns whether it did. */
  swapNamed(key: string, expectedTag: string | null, bytes: Uint8Array | string): Promise<boolean>;
  /** Names below a prefix, sorted. */
  listNamed(prefix: string): Promise<string[]>;
}
