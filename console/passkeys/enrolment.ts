// A passkey that somebody has made, and that an admin has still to confirm: `./anneal approvers` takes the same JSON.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { sha256 } from '../../contracts/ids.ts';
import { passkeyEntry } from '../../contracts/passkey.ts';
import { personName } from '../sign-in/person.ts';

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
}

/** Of everything that the admin confirms, for people to compare by another way than the console. */
export function fingerprintOf(one: Enrolment): string {
  const hex = createHash('sha256').update(canonicalJson(one)).digest('hex');
  return hex.replace(/(.{4})(?=.)/g, '$1 ');
}
