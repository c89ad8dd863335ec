// A passkey that was just made (WebAuthn Level 3, section 7.1): what the browser says that it was asked for, and what the authenticator says of the key.
// No attestation is asked for or taken: which device it is, an admin confirms, who knows the person.
import { createHash } from 'node:crypto';
import { decode, decodeFirst } from 'cborg';
import { z } from 'zod';
import { type Passkey, passkeyEntry } from '../../contracts/passkey.ts';
import { keyIdOf } from '../../infra/identity/keys.ts';
import { publicKeyOf, refused } from './cose.ts';

/** As the browser sends it, base64url. */
export const registration = z.strictObject({
  attestationObject: z.string().max(20_000),
  clientDataJson: z.string().max(4_000),
});
export type Registration = z.infer<typeof registration>;

export interface RegistrationContext {
  /** Whether it is one that this person was given, and was not used yet: it is now. */
  takeChallenge(challenge: string): boolean;
  /** Where the page was. */
  readonly origin: string;
  readonly rpId: string;
  /** Where the passkey may be used from then on. */
  readonly origins: readonly string[];
}

const clientData = z.looseObject({
  type: z.literal('webauthn.create'),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
});

const attestation = z.strictObject({ fmt: z.string(), attStmt: z.unknown(), authData: z.instanceof(Uint8Array) });

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const KEY_INCLUDED = 0x40;
const EXTENSIONS_INCLUDED = 0x80;
/** Hash of the domain, flags, counter, make, length of the identifier. */
const AT = { flags: 32, idLength: 53, id: 55 } as const;
const LONGEST_ID = 1_023;

/** @throws AnnealError `passkey.refused` */
export function checkRegistration(
  given: Registration,
  context: RegistrationContext,
): { passkey: Passkey; keyId: string } {
  checkClient(given.clientDataJson, context);
  const authenticator = authenticatorOf(given.attestationObject);
  if (authenticator.length < AT.id || !authenticator.subarray(0, AT.flags).equals(hashOf(context.rpId)))
    throw refused('it was made for another domain');
  const flags = authenticator[AT.flags]!;
  if ((flags & USER_PRESENT) === 0 || (flags & USER_VERIFIED) === 0)
    throw refused('the passkey did not ask its owner, by finger, face or PIN');
  if ((flags & KEY_INCLUDED) === 0) throw refused('it has no key');
  const length = authenticator.readUInt16BE(AT.idLength);
  const id = authenticator.subarray(AT.id, AT.id + length);
  if (length === 0 || length > LONGEST_ID || id.length !== length) throw refused('it has no identifier');
  const [cose, rest] = read(() => decodeFirst(authenticator.subarray(AT.id + length), CBOR));
  if (rest.length > 0) {
    if ((flags & EXTENSIONS_INCLUDED) === 0) throw refused('more came than belongs to it');
    read(() => decode(rest, CBOR));
  }
  const { algorithm, key } = publicKeyOf(cose);
  const spki = key.export({ type: 'spki', format: 'der' });
  const passkey = passkeyEntry.parse({
    ...{ credential: id.toString('base64url'), algorithm, publicKey: spki.toString('base64url') },
    ...{ rpId: context.rpId, origins: context.origins },
  });
  return { passkey, keyId: keyIdOf(spki) };
}

function checkClient(text: string, { takeChallenge, origin }: RegistrationContext): void {
  const said = clientData.safeParse(
    read(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(decoded(text)))),
  );
  if (!said.success) throw refused('what the browser says is no making of a passkey');
  if (!takeChallenge(said.data.challenge)) throw refused('it was not asked for here, or more than five minutes ago');
  if (said.data.origin !== origin || said.data.crossOrigin === true)
    throw refused('it was made at another address than this, or inside another page');
}

function authenticatorOf(text: string): Buffer {
  const parsed = attestation.safeParse(
    read(() => Object.fromEntries(decode(decoded(text), CBOR) as Map<string, unknown>)),
  );
  if (!parsed.success) throw refused('what the authenticator says cannot be read');
  const { fmt, attStmt, authData } = parsed.data;
  if (fmt !== 'none' || !(attStmt instanceof Map) || attStmt.size > 0)
    throw refused('it tells of its make, which was not asked for');
  return Buffer.from(authData);
}

/** One spelling each: readers of base64url ignore stray characters. */
function decoded(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw refused('base64url is spelt otherwise');
  return bytes;
}

/** Keys of maps are numbers too; everything in its one shortest spelling. */
const CBOR = {
  useMaps: true,
  strict: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
};

function read<T>(reader: () => T): T {
  try {
    return reader();
  } catch {
    throw refused('what came cannot be read');
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
