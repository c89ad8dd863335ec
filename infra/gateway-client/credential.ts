// Minting what the gateway checks (gateway/credential.ts): `anr_<base64url of JSON claims>.<base64url of HMAC-SHA256>`, the MAC
// taken over everything before the dot. tests/fixtures/credential.json binds the two sides.
import { createHmac, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Credentials } from '../../contracts/ports.ts';
import type { CredentialClaims } from '../../contracts/trajectory.ts';

export function mintCredential(claims: CredentialClaims, secret: Uint8Array | KeyObject): string {
  const signed = `anr_${Buffer.from(canonicalJson(claims), 'utf8').toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export function createCredentials(secret: Uint8Array): Credentials {
  return { mint: (claims) => mintCredential(claims, secret) };
}
