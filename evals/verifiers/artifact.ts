// What a rollout handed in, as data: declared files by path, bounded, with one hash over all of them.
import { createHash } from 'node:crypto';
import { type Deliverable, MOST_ARTIFACT_BYTES, relativePath } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';

/** Contents by relative path. */
export type Artifact = ReadonlyMap<string, Uint8Array>;

/** Why an artifact is not looked at: the policy's fault, so that its reward is 0. */
export interface Undeclared {
  readonly path: string;
  readonly why: string;
}

/** SHA-256 over the canonical JSON of {path: SHA-256 of the content}. */
export function artifactHash(artifact: Artifact): Sha256 {
  const hashes = [...artifact].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]);
  return sha256.parse(
    createHash('sha256')
      .update(canonicalJson(Object.fromEntries(hashes)))
      .digest('hex'),
  );
}

/** Every way in which an artifact is not what the task declared, all at once. */
export function undeclared(artifact: Artifact, deliverables: readonly Deliverable[]): Undeclared[] {
  const problems: Undeclared[] = [];
  let total = 0;
  for (const [path, { length }] of artifact) {
    total += length;
    const declared = deliverables.find((one) => isFor(one, path));
    if (!relativePath.safeParse(path).success) problems.push({ path, why: 'is no plain relative path' });
    else if (declared === undefined) problems.push({ path, why: 'is not among the deliverables' });
    else if (length > declared.maxBytes)
      problems.push({ path, why: `has ${length} bytes, more than ${declared.maxBytes}` });
  }
  for (const { path, required } of deliverables) {
    const there = [...artifact.keys()].some((one) => isFor({ path }, one));
    const why = isFolder(path, artifact.keys()) ? 'is a folder, and a file was asked for' : 'is missing';
    if (required && !there) problems.push({ path, why });
  }
  for (const path of alsoFolders(artifact.keys())) problems.push({ path, why: 'is a file and a folder' });
  if (total > MOST_ARTIFACT_BYTES)
    problems.push({ path: '', why: `${total} bytes in all, more than ${MOST_ARTIFACT_BYTES}` });
  return problems;
}

/**
 * Paths of files that lie on the way to others: no file system holds both, so that whoever writes them down fails, and a candidate
 * could have its sample masked whenever it liked.
 */
export function alsoFolders(paths: Iterable<string>): string[] {
  const files = new Set(paths);
  const folders = new Set(
    [...files].flatMap((path) => {
      const parts = path.split('/');
      return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
    }),
  );
  return [...files].filter((path) => folders.has(path));
}

const isFolder = (path: string, paths: Iterable<string>): boolean =>
  !path.endsWith('/') && [...paths].some((one) => one.startsWith(`${path}/`));

const isFor = ({ path: declared }: Pick<Deliverable, 'path'>, path: string): boolean =>
  declared.endsWith('/') ? path.startsWith(declared) : path === declared;

/** @throws nothing: undefined where the bytes are not UTF-8 */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export const artifactOf = (files: Readonly<Record<string, string | Uint8Array>>): Artifact =>
  new Map(Object.entries(files).map(([path, data]) => [path, typeof data === 'string' ? Buffer.from(data) : data]));
