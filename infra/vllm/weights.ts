// Weight manifests in the artifact store: checked when read, and walked back to find what a server needs.
import { createHash } from 'node:crypto';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import {
  makeWeightTag,
  type WeightCache,
  type WeightFile,
  type WeightManifest,
  type WeightTag,
  weightManifest,
} from '../../contracts/weight-update.ts';
import { type ChainLink, planApply } from '../../policies/weight-update-chain.ts';

export interface StoredManifest {
  readonly ref: ArtifactRef;
  readonly tag: WeightTag;
  readonly manifest: WeightManifest;
}

/** What /update_weights is told, but for the fence. */
export interface ApplyInstructions {
  readonly base: ArtifactRef | null;
  readonly deltas: ArtifactRef[];
}

/** Deltas are replaced by a full checkpoint long before a chain is this long. */
const LONGEST_CHAIN = 1_000;

export const digestOfFiles = (files: readonly WeightFile[]): string =>
  createHash('sha256').update(canonicalJson(files)).digest('hex');

/** @throws AnnealError `weights.corrupt` when the manifest contradicts itself; `store.*`. */
export async function readManifest(store: ArtifactStore, ref: ArtifactRef): Promise<StoredManifest> {
  const text = new TextDecoder().decode(await store.get(artifactRef.parse(ref)));
  const parsed = weightManifest.safeParse(parseJson(text));
  if (!parsed.success) {
    const first = parsed.error.issues[0]!;
    throw corrupt(ref, `${first.path.join('.')}: ${first.message}`);
  }
  const manifest = parsed.data;
  const paths = manifest.files.map(({ path }) => path);
  if (new Set(paths).size < paths.length) throw corrupt(ref, 'it names a file twice');
  if (digestOfFiles(manifest.files) !== manifest.digest) throw corrupt(ref, 'its digest is not that of its files');
  const { content } = manifest;
  const strange = content.kind === 'delta' ? content.deltas.find(({ path }) => !paths.includes(path)) : undefined;
  if (strange !== undefined) throw corrupt(ref, `it has a delta for ${strange.path}, which is none of its files`);
  return { ref, tag: makeWeightTag(manifest.version, manifest.digest), manifest };
}

/** The target first, then its parents up to a full checkpoint. @throws AnnealError `weights.corrupt`, `weights.incomplete`. */
export async function readChain(store: ArtifactStore, target: ArtifactRef): Promise<StoredManifest[]> {
  const chain = [await readManifest(store, target)];
  for (;;) {
    const { ref, manifest } = chain.at(-1)!;
    if (manifest.content.kind === 'full') return chain;
    const { tag, manifest: parentRef } = manifest.content.parent;
    if (chain.length >= LONGEST_CHAIN) {
      throw new AnnealError('weights.incomplete', `no full checkpoint within ${LONGEST_CHAIN} deltas of ${target.uri}`);
    }
    const parent = await readManifest(store, parentRef);
    if (parent.tag !== tag) throw corrupt(ref, `its parent is ${parent.tag}, not ${tag}`);
    chain.push(parent);
  }
}

/** How a server with this on its disk comes to the first of the chain. */
export function instructionsFor(chain: readonly StoredManifest[], cache: WeightCache | null): ApplyInstructions {
  const refs = new Map(chain.map(({ tag, ref }) => [tag, ref]));
  const plan = planApply(chain.map(linkOf), cache);
  if (plan.kind === 'nothing') return { base: null, deltas: [] };
  if (plan.kind === 'impossible') {
    throw new AnnealError(
      'weights.incomplete',
      `no full checkpoint leads to ${plan.from}, and the server has none that does`,
    );
  }
  return { base: plan.base === null ? null : refs.get(plan.base)!, deltas: plan.deltas.map((tag) => refs.get(tag)!) };
}

function linkOf({ tag, manifest }: StoredManifest): ChainLink {
  const { content, files } = manifest;
  if (content.kind === 'full') return { tag, parent: null, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  const bytes = content.deltas.reduce((sum, { delta }) => sum + delta.bytes, 0);
  return { tag, parent: content.parent.tag, bytes };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function corrupt(ref: ArtifactRef, why: string): AnnealError {
  return new AnnealError('weights.corrupt', `the weight manifest ${ref.uri}: ${why}`);
}
