// Who may do what: a registry of people in the artifact store, as a chain of signed changes. Every process that reads it sees the same people,
// and a revocation counts from the next look on.
import { z } from 'zod';
import { assertion, gateKind } from './gate.ts';
import { sha256 } from './ids.ts';
import { passkeyEntry } from './passkey.ts';

/** Each may what the ones before it may. Only the last two answer gates; only an admin changes the registry. */
export const role = z.enum(['viewer', 'submitter', 'approver', 'admin']);
export type Role = z.infer<typeof role>;

export const personName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,99}$/u, 'a name without control characters');

/** What two spellings of one person have in common: no second person by another case or another width of the same letters. */
export const personKey = (name: string): string => name.normalize('NFKC').toLowerCase();

/** Whom an OIDC provider knows them as. */
export const signIn = z.strictObject({ issuer: z.url(), subject: z.string().min(1).max(255) });
export type SignIn = z.infer<typeof signIn>;

const delegationId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);

export const peopleChange = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('person-added'), name: personName, role, signIn: signIn.optional() }),
  z.strictObject({ what: z.literal('role-set'), name: personName, role }),
  /** Null: they sign in no more. */
  z.strictObject({ what: z.literal('sign-in-set'), name: personName, signIn: signIn.nullable() }),
  z.strictObject({ what: z.literal('passkey-added'), name: personName, keyId: sha256, passkey: passkeyEntry }),
  /** A raw Ed25519 public key, base64url: of a machine of theirs. */
  z.strictObject({ what: z.literal('key-added'), name: personName, keyId: sha256, publicKey: z.string() }),
  /** Of a person here, or of approvers.json: what it signed before stands, what it signs afterwards is nothing. */
  z.strictObject({ what: z.literal('key-revoked'), keyId: sha256 }),
  z.strictObject({ what: z.literal('person-revoked'), name: personName }),
  z.strictObject({
    ...{ what: z.literal('delegated'), id: delegationId, from: personName, to: personName },
    kinds: z.array(gateKind).min(1),
    ...{ since: z.iso.datetime(), until: z.iso.datetime() },
  }),
  z.strictObject({ what: z.literal('delegation-ended'), id: delegationId }),
]);
export type PeopleChange = z.infer<typeof peopleChange>;

export const peopleEntryBody = z.strictObject({
  schema: z.literal('anneal/people-entry/v1'),
  /** From 1, without gaps. */
  number: z.int().positive(),
  /** SHA-256 of the bytes of the entry before; null for the first. */
  previous: sha256.nullable(),
  at: z.iso.datetime(),
  /** The admin. */
  by: personName,
  change: peopleChange,
});
export type PeopleEntryBody = z.infer<typeof peopleEntryBody>;

/** The content of the name `people/entries/<number>`: Ed25519 over the canonical JSON of `body`, or a passkey's signature over its assertion. */
export const peopleEntry = z.strictObject({
  body: peopleEntryBody,
  keyId: sha256,
  signature: z.string(),
  assertion: assertion.optional(),
});
export type PeopleEntry = z.infer<typeof peopleEntry>;

/** A key of somebody in the registry. */
export type PersonsKey = {
  readonly name: string;
  readonly keyId: z.infer<typeof sha256>;
  readonly addedAt: string;
  readonly revokedAt?: string;
} & (
  | { readonly publicKey: string }
  | {
      readonly passkey: z.infer<typeof passkeyEntry>;
    }
);

export interface Person {
  readonly name: string;
  readonly role: Role;
  readonly signIn?: SignIn;
  readonly addedAt: string;
  readonly revokedAt?: string;
}

/** While it lasts, `to` answers gates of these kinds in the name of `from`, and is told of them instead. */
export interface Delegation extends Omit<Extract<PeopleChange, { what: 'delegated' }>, 'what'> {
  readonly endedAt?: string;
}

/** What the chain of changes amounts to. */
export interface Registry {
  /** Of the last change; 0 where there is none. */
  readonly number: number;
  /** By `personKey`. */
  readonly people: ReadonlyMap<string, Person>;
  readonly keys: ReadonlyMap<string, PersonsKey>;
  /** Keys that a change revoked, those of approvers.json too: since when. */
  readonly revoked: ReadonlyMap<string, string>;
  readonly delegations: readonly Delegation[];
}

export const NOBODY: Registry = {
  ...{ number: 0, people: new Map(), keys: new Map(), revoked: new Map(), delegations: [] },
};
