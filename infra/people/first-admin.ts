// The first admin of a registry in which nobody is one yet. A machine with a key prints a link, once and for a while; whoever opens it and signs in
// under that name makes a passkey, and proves with the link's code that it is theirs. The machine that printed the link is the one that signs: it
// waits. So the code never lies in the store, is worth nothing once that machine has stopped waiting, and neither the store nor the console makes anybody an admin.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import { type PeopleChange, personKey, type Registry } from '../../contracts/people.ts';
import { roleIn } from '../../policies/people.ts';
import { textOf } from '../audit/names.ts';
import type { Approver } from '../identity/keys.ts';
import { type Enrolment, readEnrolment, type WaitingEnrolment, waitingEnrolments } from './enrolments.ts';

const PROOFS = 'people/first-admin/';
/** Where the link leads in the console; the code is behind `#`, which no server is told. */
export const FIRST_ADMIN_PATH = '/passkeys/first-admin';

export const newCode = (): string => randomBytes(24).toString('base64url');
export const linkOf = (origin: string, code: string): string => `${origin}${FIRST_ADMIN_PATH}#${code}`;

/** As the browser makes it (console/assets/first-admin.ts): of everything that is confirmed with it. */
export const proofOf = (code: string, one: Enrolment): Sha256 =>
  sha256.parse(
    createHmac('sha256', code)
      .update(`anneal/first-admin/v1\n${canonicalJson(one)}`)
      .digest('hex'),
  );

/** @throws AnnealError `people.refused` where somebody is one: they confirm others, and nobody makes admins beside them */
export function refuseWhereAdmin(registry: Registry, approvers: readonly Approver[]): void {
  const admin = adminOf(registry, approvers);
  if (admin !== undefined)
    throw new AnnealError(
      'people.refused',
      `${admin} is an admin already, and confirms others: at /people, or by approvers confirm`,
    );
}

/** By a key that counts. A machine's own key of approvers.json is where trust begins, and nobody who could answer in the console. */
function adminOf(registry: Registry, approvers: readonly Approver[]): string | undefined {
  const isGone = (one: { readonly keyId: string; readonly revokedAt?: string | undefined }): boolean =>
    one.revokedAt !== undefined || registry.revoked.has(one.keyId);
  const named = approvers.filter((one) => 'passkey' in one && !isGone(one));
  const registered = [...registry.keys.values()].filter((one) => !isGone(one));
  return [
    ...named.map((one) => ({ name: one.name, otherwise: one.role ?? 'admin' })),
    ...registered.map(withoutRole),
  ].find(({ name, otherwise }) => roleIn(registry, name, otherwise) === 'admin' && !isRevoked(registry, name))?.name;
}

const withoutRole = ({ name }: { readonly name: string }) => ({ name, otherwise: 'viewer' as const });
const isRevoked = (registry: Registry, name: string): boolean =>
  registry.people.get(personKey(name))?.revokedAt !== undefined;

type Names = Pick<ArtifactStore, 'createNamed' | 'listNamed' | 'readNamed'>;

/** @param whose who sends it: nobody proves another's passkey. @throws AnnealError `people.refused` */
export async function submitProof(
  store: Names,
  whose: Pick<Enrolment, 'name' | 'issuer' | 'subject'>,
  { keyId, proof }: { readonly keyId: Sha256; readonly proof: Sha256 },
): Promise<void> {
  const one = await readEnrolment(store, keyId);
  if (one === undefined || one.name !== whose.name || one.issuer !== whose.issuer || one.subject !== whose.subject)
    throw new AnnealError('people.refused', 'no passkey of yours waits under this key');
  if (!(await store.createNamed(PROOFS + keyId, proof)) && (await proofIn(store, keyId)) !== proof)
    throw new AnnealError('people.refused', 'this passkey was proved with another code: make another');
}

const proofIn = async (store: Names, keyId: Sha256): Promise<string | undefined> => {
  const found = await store.readNamed(PROOFS + keyId);
  return found === undefined || found.bytes.length > 64 ? undefined : textOf(found);
};

export interface Asked {
  readonly name: string;
  readonly code: string;
  /** The one account that may, where it is known beforehand. */
  readonly account?: { readonly issuer: string; readonly subject: string };
}

export interface Proved {
  readonly waiting: WaitingEnrolment;
  /** What makes them an admin with that passkey, in this order. */
  readonly changes: readonly PeopleChange[];
}

/** The passkey that the code proves, if it is there. @throws AnnealError `people.refused` where it cannot be confirmed */
export async function provedEnrolment(store: Names, registry: Registry, asked: Asked): Promise<Proved | undefined> {
  for (const waiting of await waitingEnrolments(store, registry)) {
    const { enrolment, trouble } = waiting;
    if (personKey(enrolment.name) !== personKey(asked.name)) continue;
    const given = await proofIn(store, enrolment.keyId);
    if (given === undefined || !isSame(given, proofOf(asked.code, enrolment))) continue;
    const { issuer, subject } = asked.account ?? enrolment;
    if (issuer !== enrolment.issuer || subject !== enrolment.subject)
      throw new AnnealError('people.refused', `it was made as ${enrolment.subject} of ${enrolment.issuer}`);
    if (trouble !== undefined) throw new AnnealError('people.refused', trouble);
    return { waiting, changes: asAdmin(waiting, registry) };
  }
  return undefined;
}

const LOOK_MS = 500;

/**
 * Looks again and again until the code has proved something.
 * @param end in milliseconds: a link that lasted for ever would be found one day
 * @throws AnnealError `people.refused` when the time is over, or when somebody is an admin by then
 */
export async function awaitProved(
  {
    look,
    store,
    end,
  }: { look(): Promise<{ registry: Registry; approvers: readonly Approver[] }>; store: Names; end: number },
  asked: Asked,
  signal: AbortSignal,
  lookMs = LOOK_MS,
): Promise<Proved> {
  for (;;) {
    const { registry, approvers } = await look();
    refuseWhereAdmin(registry, approvers);
    // After the look: what was sent in time and read late is too late.
    const proved = await provedEnrolment(store, registry, asked);
    if (Date.now() >= end)
      throw new AnnealError('people.refused', 'nobody has used the link in time; it is worth nothing now');
    if (proved !== undefined) return proved;
    await sleep(lookMs, undefined, { signal });
  }
}

/** Whoever is there without being an admin becomes one, also where a first try died halfway. */
function asAdmin({ enrolment, changes }: WaitingEnrolment, registry: Registry): PeopleChange[] {
  const person = registry.people.get(personKey(enrolment.name));
  const raised: PeopleChange[] =
    person === undefined || person.role === 'admin' ? [] : [{ what: 'role-set', name: person.name, role: 'admin' }];
  return [...raised, ...changes.map((one) => (one.what === 'person-added' ? { ...one, role: 'admin' as const } : one))];
}

function isSame(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(wanted, 'latin1'));
}
