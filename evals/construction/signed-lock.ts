// Who locked a set: the signature of its root and of the lock's own bytes. It lies beside the lock and not in it, since source, seed and
// options alone decide a lock's bytes.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import { type LockSignature, lockSignature, lockSignatureName } from '../../contracts/locked-set.ts';

/** Of an identity (infra/identity): whose key signed some bytes. @throws AnnealError `decision.unknown_signer`, `decision.altered` */
export type VerifyBytes = (
  bytes: string,
  signed: Pick<LockSignature, 'keyId' | 'signature'>,
) => { readonly approver: string; readonly revoked: boolean };

export interface LockSigner {
  signBytes(bytes: string): Pick<LockSignature, 'keyId' | 'signature'>;
  readonly verifyBytes: VerifyBytes;
}

type Names = Pick<ArtifactStore, 'readNamed'>;

/**
 * A signature that holds already stays; one that does not, for example of a key that was revoked since, is replaced.
 * @throws AnnealError `decision.unknown_signer` where this identity may not sign
 */
export async function signLock(
  store: Names & Pick<ArtifactStore, 'swapNamed'>,
  identity: LockSigner,
  of: { readonly root: Sha256; readonly lock: ArtifactRef },
): Promise<void> {
  const found = await store.readNamed(lockSignatureName(of.lock.sha256));
  if (found !== undefined && typeof whoSigned(found.bytes, identity.verifyBytes, of) !== 'string') return;
  const signature: LockSignature = {
    ...{ schema: 'anneal/task-set-signature/v1', root: of.root, lock: of.lock.sha256 },
    ...identity.signBytes(textOf(of)),
  };
  // Whoever was quicker signed the same lock.
  await store.swapNamed(lockSignatureName(of.lock.sha256), found?.tag ?? null, canonicalJson(signature));
}

/**
 * Who signed it.
 * @throws AnnealError `tasks.unsigned` where nobody did, or nobody whom this machine knows
 */
export async function requireSigned(
  store: Names,
  verifyBytes: VerifyBytes,
  of: { readonly root: Sha256; readonly lock: Pick<ArtifactRef, 'sha256'> },
): Promise<string> {
  const found = await store.readNamed(lockSignatureName(of.lock.sha256));
  const signed = found === undefined ? 'nobody has signed it' : whoSigned(found.bytes, verifyBytes, of);
  if (typeof signed === 'string')
    throw new AnnealError(
      'tasks.unsigned',
      `the lock of the root ${of.root} does not count: ${signed}. ./anneal taskset lock, with the set's file and this home, signs it; nothing is built anew`,
    );
  return signed.approver;
}

/** @returns why it does not count, in words, where it does not */
function whoSigned(
  bytes: Uint8Array,
  verifyBytes: VerifyBytes,
  of: { readonly root: Sha256; readonly lock: Pick<ArtifactRef, 'sha256'> },
): { readonly approver: string } | string {
  const parsed = lockSignature.safeParse(parsedJson(new TextDecoder().decode(bytes)));
  if (!parsed.success) return 'what lies beside it is no signature';
  if (parsed.data.root !== of.root || parsed.data.lock !== of.lock.sha256) return 'its signature is of another lock';
  try {
    const { approver, revoked } = verifyBytes(textOf(of), parsed.data);
    return revoked ? `the key of ${approver}, who signed it, is revoked` : { approver };
  } catch (failure) {
    if (!(failure instanceof AnnealError)) throw failure;
    return failure.message;
  }
}

const textOf = ({ root, lock }: { readonly root: Sha256; readonly lock: Pick<ArtifactRef, 'sha256'> }): string =>
  canonicalJson({ schema: 'anneal/task-set-signature/v1', root, lock: lock.sha256 });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
