// Public keys as authenticators write them (COSE, RFC 9053), as keys that Node verifies with.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { AnnealError } from '../../contracts/errors.ts';
import type { Passkey } from '../../contracts/passkey.ts';

/** By COSE's numbers, in the order in which a device is asked for them. */
export const ALGORITHMS = { ES256: -7, EdDSA: -8, RS256: -257 } as const satisfies Record<Passkey['algorithm'], number>;

const [KEY_TYPE, ALGORITHM, FIRST, SECOND, THIRD] = [1, 3, -1, -2, -3];
const LEAST_RSA_BITS = 2_048;

/** @throws AnnealError `passkey.refused` */
export function publicKeyOf(cose: unknown): { readonly algorithm: Passkey['algorithm']; readonly key: KeyObject } {
  if (!(cose instanceof Map)) throw refused('its public key is none');
  const algorithm = (['ES256', 'EdDSA', 'RS256'] as const).find((one) => ALGORITHMS[one] === cose.get(ALGORITHM));
  if (algorithm === undefined) throw refused('its key is of a kind that is not accepted');
  const jwk = jwkOf(algorithm, cose);
  try {
    // Node checks that a point lies on its curve.
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    if ((key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS) < LEAST_RSA_BITS)
      throw refused('its key is too short');
    return { algorithm, key };
  } catch (failure) {
    throw failure instanceof AnnealError ? failure : refused('its public key is none');
  }
}

function jwkOf(algorithm: Passkey['algorithm'], cose: ReadonlyMap<unknown, unknown>): JsonWebKey {
  const number = (at: number, wanted: number): void => {
    if (cose.get(at) !== wanted) throw refused(`its key is not one of ${algorithm}`);
  };
  const bytes = (at: number, length?: number): string => {
    const value = cose.get(at);
    if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
      throw refused(`its key is not one of ${algorithm}`);
    return Buffer.from(value).toString('base64url');
  };
  switch (algorithm) {
    case 'ES256':
      number(KEY_TYPE!, 2);
      number(FIRST!, 1);
      return { kty: 'EC', crv: 'P-256', x: bytes(SECOND!, 32), y: bytes(THIRD!, 32) };
    case 'EdDSA':
      number(KEY_TYPE!, 1);
      number(FIRST!, 6);
      return { kty: 'OKP', crv: 'Ed25519', x: bytes(SECOND!, 32) };
    case 'RS256':
      number(KEY_TYPE!, 3);
      return { kty: 'RSA', n: bytes(FIRST!), e: bytes(SECOND!) };
  }
}

export const refused = (why: string): AnnealError => new AnnealError('passkey.refused', why);
