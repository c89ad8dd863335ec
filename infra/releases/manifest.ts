// Release manifests: a body, and an Ed25519 signature over its canonical JSON.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type ReleaseBody, type ReleaseManifest, releaseBody, releaseManifest } from '../../contracts/release.ts';
import type { ByteSignature, Signer } from '../identity/local.ts';

interface Signing {
  signBytes(bytes: string): ByteSignature;
  verifyBytes(bytes: string, signed: ByteSignature): Signer;
}

/** The same body always gives the same object: Ed25519 signatures are deterministic. */
export async function writeManifest(
  store: ArtifactStore,
  identity: Pick<Signing, 'signBytes'>,
  body: ReleaseBody,
): Promise<ArtifactRef> {
  const checked = releaseBody.parse(body);
  return store.put(canonicalJson({ body: checked, ...identity.signBytes(canonicalJson(checked)) }));
}

/**
 * Reads a manifest and checks its signature. A signer who was revoked since is accepted: what was released then was released
 * rightly, and users must be able to roll back past it.
 * @throws AnnealError `store.*`, `decision.altered`, `decision.unknown_signer`
 */
export async function readManifest(
  store: ArtifactStore,
  identity: Pick<Signing, 'verifyBytes'>,
  ref: ArtifactRef,
): Promise<ReleaseManifest> {
  const parsed = releaseManifest.safeParse(JSON.parse(new TextDecoder().decode(await store.get(ref))));
  if (!parsed.success) throw new AnnealError('store.corrupt_object', `${ref.uri} is not a release manifest`);
  identity.verifyBytes(canonicalJson(parsed.data.body), parsed.data);
  return parsed.data;
}
