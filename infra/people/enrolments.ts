// Passkeys that somebody has made in the console, and that an admin has still to confirm. They lie in the store, count for nothing, and whoever
// can write there can put others in their place: what an admin confirms is what its person reads out.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import { passkeyEntry } from '../../contracts/passkey.ts';
import { type PeopleChange, personKey, personName, type Registry, type Role } from '../../contracts/people.ts';
import { jsonOf, type textOf } from '../audit/names.ts';
import { keyIdOf } from '../identity/keys.ts';

const ENROLMENTS = 'people/enrolments/';
const REFUSED = 'people/refused-enrolments/';
/** More are not shown: somebody makes them by the thousand. */
const MOST = 200;

export const enrolment = z.strictObject({
  schema: z.literal('anneal/enrolment/v1'),
  name: personName,
  /** By whom, and as whom, they were signed in. */
  issuer: z.string().min(1),
  subject: z.string().min(1),
  /** SHA-256 of the passkey's SubjectPublicKeyInfo. */
  keyId: sha256,
  passkey: passkeyEntry,
});
export type Enrolment = z.infer<typeof enrolment>;

/** Where what was made goes, to wait for an admin. It counts for nothing before. */
export interface Enrolments {
  submit(enrolment: Enrolment): Promise<void>;
  /** That whoever made it was sent the code of the first admin's link. Without it there are no such links. */
  prove?(
    whose: Pick<Enrolment, 'name' | 'issuer' | 'subject'>,
    proof: { readonly keyId: Sha256; readonly proof: Sha256 },
  ): Promise<void>;
}

export interface WaitingEnrolment {
  readonly enrolment: Enrolment;
  readonly fingerprint: string;
  /** What confirms it, in this order. */
  readonly changes: readonly PeopleChange[];
  /** Why it cannot be confirmed. */
  readonly trouble?: string;
}

/** Of everything that the admin confirms, for people to compare by another way than the console. */
export function fingerprintOf(one: Enrolment): string {
  const hex = createHash('sha256').update(canonicalJson(one)).digest('hex');
  return hex.replace(/(.{4})(?=.)/g, '$1 ');
}

/** As somebody types what is read to them. */
export const sameFingerprint = (typed: string, fingerprint: string): boolean =>
  typed.replaceAll(/[\s:.-]/g, '').toLowerCase() === fingerprint.replaceAll(' ', '');

type Names = Pick<ArtifactStore, 'createNamed' | 'listNamed' | 'readNamed'>;

export const submitEnrolment = async (store: Pick<Names, 'createNamed'>, one: Enrolment): Promise<void> =>
  void (await store.createNamed(ENROLMENTS + one.keyId, canonicalJson(one)));

/** Of those that nobody confirmed, revoked or refused, the first by their keys. */
export async function waitingEnrolments(store: Names, registry: Registry): Promise<readonly WaitingEnrolment[]> {
  const keysBelow = async (prefix: string): Promise<string[]> =>
    (await store.listNamed(prefix)).map((name) => name.slice(prefix.length));
  const [made, refused] = await Promise.all([keysBelow(ENROLMENTS), keysBelow(REFUSED)]);
  const over = new Set([...refused, ...registry.keys.keys(), ...registry.revoked.keys()]);
  const open = made.filter((keyId) => !over.has(keyId)).slice(0, MOST);
  const read = await Promise.all(open.map((keyId) => readEnrolment(store, keyId)));
  return read.flatMap((one) => (one === undefined ? [] : [waiting(one, registry)]));
}

/** Waiting or not: as it was made. Undefined where none lies there. */
export const readEnrolment = async (store: Pick<Names, 'readNamed'>, keyId: string): Promise<Enrolment | undefined> =>
  enrolmentOf(await store.readNamed(ENROLMENTS + keyId), keyId);

/** One that a key's first digits name. @throws AnnealError `people.refused` where none waits, or several do */
export async function waitingEnrolment(store: Names, registry: Registry, digits: string): Promise<WaitingEnrolment> {
  const all = (await waitingEnrolments(store, registry)).filter(({ enrolment: { keyId } }) => keyId.startsWith(digits));
  const [one] = all;
  if (one === undefined || all.length > 1 || digits.length < 8)
    throw new AnnealError(
      'people.refused',
      `${all.length === 0 ? 'no passkey' : 'more than one passkey'} ${digits} waits`,
    );
  return one;
}

/** It is listed no more. Nothing that was signed: whoever reads the store may take it back. */
export const refuseEnrolment = async (store: Pick<Names, 'createNamed'>, keyId: string, by: string): Promise<void> =>
  void (await store.createNamed(
    REFUSED + sha256.parse(keyId),
    canonicalJson({ schema: 'anneal/refused-enrolment/v1', by, at: new Date().toISOString() }),
  ));

/** Undefined of what lies there and is none: whoever can write to the store put it there. */
function enrolmentOf(found: Parameters<typeof textOf>[0] | undefined, keyId: string): Enrolment | undefined {
  const parsed = found === undefined ? undefined : enrolment.safeParse(jsonOf(Buffer.from(found.bytes).toString()));
  if (parsed?.success !== true || parsed.data.keyId !== keyId) return undefined;
  return keyIdOf(Buffer.from(parsed.data.passkey.publicKey, 'base64url')) === keyId ? parsed.data : undefined;
}

/** Whom nobody knows yet is added with it, by the account that they were signed in with. */
const NEWCOMER: Role = 'approver';

function waiting(one: Enrolment, registry: Registry): WaitingEnrolment {
  const { name, issuer, subject, keyId, passkey } = one;
  const fingerprint = fingerprintOf(one);
  const added: PeopleChange = { what: 'passkey-added', name, keyId, passkey };
  const person = registry.people.get(personKey(name));
  if (person === undefined) {
    const signIn = z.url().safeParse(issuer).success ? { signIn: { issuer, subject } } : {};
    return {
      ...{ enrolment: one, fingerprint },
      changes: [{ what: 'person-added', name, role: NEWCOMER, ...signIn }, added],
    };
  }
  const { signIn } = person;
  const isOther = signIn !== undefined && (signIn.issuer !== issuer || signIn.subject !== subject);
  const trouble =
    person.revokedAt !== undefined
      ? `${person.name} is revoked`
      : isOther
        ? `${person.name} signs in as ${signIn.subject} of ${signIn.issuer}, and it was made as ${subject} of ${issuer}`
        : undefined;
  return { enrolment: one, fingerprint, changes: [added], ...(trouble === undefined ? {} : { trouble }) };
}
