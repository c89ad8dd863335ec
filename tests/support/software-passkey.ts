// An authenticator in software: keys of the three algorithms that browsers use, and assertions as a phone makes them.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Assertion } from '../../contracts/gate.ts';
import type { Passkey } from '../../contracts/passkey.ts';
import { type Approver, keyIdOf } from '../../infra/identity/keys.ts';

export const RP_ID = 'anneal.example.org';
export const ORIGIN = `https://${RP_ID}`;

const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();

export interface AssertionChange {
  readonly type?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly flags?: number;
  readonly crossOrigin?: boolean;
}

export interface SoftwarePasskey {
  readonly entry: Extract<Approver, { passkey: Passkey }>;
  assert(bytes: Uint8Array | string, change?: AssertionChange): { assertion: Assertion; signature: string };
}

export function softwarePasskey(name: string, algorithm: Passkey['algorithm']): SoftwarePasskey {
  const { publicKey, privateKey } = pairOf(algorithm);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const passkey: Passkey = {
    ...{ credential: sha256(spki).toString('base64url'), algorithm, publicKey: spki.toString('base64url') },
    ...{ rpId: RP_ID, origins: [ORIGIN] },
  };
  return {
    entry: { name, keyId: keyIdOf(spki), addedAt: '2031-01-01T00:00:00.000Z', passkey },
    assert(bytes, { type = 'webauthn.get', origin = ORIGIN, rpId = RP_ID, flags = 0x05, crossOrigin = false } = {}) {
      const said = Buffer.from(
        JSON.stringify({ type, challenge: sha256(bytes).toString('base64url'), origin, crossOrigin }),
      );
      const authenticator = Buffer.concat([sha256(rpId), Buffer.from([flags, 0, 0, 0, 7])]);
      const digest = algorithm === 'EdDSA' ? null : 'sha256';
      const signature = sign(digest, Buffer.concat([authenticator, sha256(said)]), privateKey);
      return {
        assertion: {
          authenticatorData: authenticator.toString('base64url'),
          clientDataJson: said.toString('base64url'),
        },
        signature: signature.toString('base64url'),
      };
    },
  };
}

function pairOf(algorithm: Passkey['algorithm']): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}
