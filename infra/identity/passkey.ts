// What a passkey signed (WebAuthn Level 3, section 7.2): the authenticator's data and what the browser says that it was asked for, whose challenge is
// the hash of the decision. So the phone signs what it showed, and no server in between can put another decision in its place.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Assertion } from '../../contracts/gate.ts';
import type { Passkey } from '../../contracts/passkey.ts';

const clientData = z.looseObject({
  type: z.literal('webauthn.get'),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
});

/** Bits of the authenticator's data. */
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const FLAGS_AT = 32;
/** Hash of the domain, flags, counter. */
const LEAST_BYTES = 37;

/** @throws AnnealError `decision.altered` with what does not agree */
export function checkAssertion(
  passkey: Passkey,
  bytes: Uint8Array | string,
  { assertion, signature }: { readonly assertion: Assertion | undefined; readonly signature: string },
): void {
  if (assertion === undefined) throw altered('a passkey signs with an assertion, and there is none');
  const authenticator = decoded(assertion.authenticatorData);
  const said = decoded(assertion.clientDataJson);
  const client = clientData.safeParse(jsonOf(said));
  if (!client.success) throw altered('what the browser says is no assertion');
  const { challenge, origin, crossOrigin } = client.data;
  if (challenge !== sha256(bytes).toString('base64url')) throw altered('the passkey signed another decision');
  if (!passkey.origins.includes(origin) || crossOrigin === true)
    throw altered(`the passkey was asked at ${origin}${crossOrigin === true ? ', inside another page' : ''}`);
  if (authenticator.length < LEAST_BYTES || !authenticator.subarray(0, FLAGS_AT).equals(sha256(passkey.rpId)))
    throw altered('the passkey was asked for another domain');
  const flags = authenticator[FLAGS_AT]!;
  if ((flags & USER_PRESENT) === 0 || (flags & USER_VERIFIED) === 0)
    throw altered('the passkey did not ask its owner, by finger, face or PIN');
  const key = createPublicKey({ key: decoded(passkey.publicKey), format: 'der', type: 'spki' });
  const digest = passkey.algorithm === 'EdDSA' ? null : 'sha256';
  const signed = Buffer.concat([authenticator, sha256(said)]);
  if (!verify(digest, signed, key, decoded(signature))) throw altered('the signature of the passkey does not fit');
}

const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();

/** One spelling each: readers of base64url ignore stray characters. */
function decoded(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw altered('base64url is spelt otherwise');
  return bytes;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

const altered = (why: string): AnnealError => new AnnealError('decision.altered', why);
