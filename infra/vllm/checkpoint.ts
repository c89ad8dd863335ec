// A whole checkpoint on a disk, from what the store has of it: the last whole one and the deltas since, every file verified.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { applyDelta } from './delta-file.ts';
import { type ApplyInstructions, instructionsFor, readChain, readManifest, type StoredManifest } from './weights.ts';

/** @throws AnnealError `weights.corrupt`, `weights.incomplete`, `store.*` */
export async function fetchCheckpoint(store: ArtifactStore, target: ArtifactRef, folder: string): Promise<void> {
  await bringCheckpoint(store, target, folder, instructionsFor(await readChain(store, target), null));
}

/** What a server is told to do (contracts/weight-update.ts): `base` first, where it is given, then each delta in order. */
export async function bringCheckpoint(
  store: ArtifactStore,
  target: ArtifactRef,
  folder: string,
  { base, deltas }: ApplyInstructions,
): Promise<StoredManifest> {
  await mkdir(folder, { recursive: true });
  if (base !== null) {
    const { manifest } = await readManifest(store, base);
    for (const { path, sha256, bytes } of manifest.files) {
      const ref = { uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`, sha256, bytes };
      await store.getFile(ref, join(folder, path));
    }
  }
  for (const ref of deltas) {
    const { content } = (await readManifest(store, ref)).manifest;
    for (const { path, delta } of content.kind === 'delta' ? content.deltas : []) {
      await applyOne(store, delta, join(folder, path));
    }
  }
  const stored = await readManifest(store, target);
  for (const { path, sha256 } of stored.manifest.files) {
    const found = await hashOf(join(folder, path));
    if (found === sha256) continue;
    throw new AnnealError('weights.corrupt', `${path} of ${stored.tag} became ${found ?? 'nothing'}, not ${sha256}`);
  }
  return stored;
}

async function applyOne(store: ArtifactStore, delta: ArtifactRef, path: string): Promise<void> {
  const local = `${path}.delta`;
  try {
    await store.getFile(delta, local);
    // A file that the parent did not have begins empty.
    await writeFile(path, '', { flag: 'a' });
    await applyDelta(local, path);
  } finally {
    await rm(local, { force: true });
  }
}

/** Undefined when there is no such file. */
async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw failure;
  }
  return hash.digest('hex');
}
