// Whether bytes were signed by a key that is known: of Ed25519, or a passkey.
import { verify as verifyEd25519 } from 'node:crypto';
import { AnnealError } from '../../contracts/errors.ts';
import type { Assertion } from '../../contracts/gate.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import type { Passkey } from '../../contracts/passkey.ts';
import { publicKeyFromRaw } from './keys.ts';
import { checkAssertion } from './passkey.ts';

export interface ByteSignature {
  readonly keyId: Sha256;
  /** Base64url Ed25519 signature over exactly the bytes, or a passkey's over its assertion. */
  readonly signature: string;
  readonly assertion?: Assertion | undefined;
}

export type KnownKey = { readonly name: string } & ({ readonly publicKey: string } | { readonly passkey: Passkey });

/** @throws AnnealError `decision.altered` */
export function checkSignature(key: KnownKey, bytes: Uint8Array | string, signed: ByteSignature): void {
  if ('passkey' in key) {
    checkAssertion(key.passkey, bytes, { assertion: signed.assertion, signature: signed.signature });
    return;
  }
  const signature = Buffer.from(signed.signature, 'base64url');
  // One signature has one spelling: base64url readers ignore stray characters and surplus bits.
  const spelt = signature.toString('base64url') === signed.signature;
  const publicKey = publicKeyFromRaw(Buffer.from(key.publicKey, 'base64url'));
  if (!spelt || !verifyEd25519(null, Buffer.from(bytes), publicKey, signature)) {
    throw new AnnealError('decision.altered', `the signature of ${key.name} does not fit`);
  }
}
