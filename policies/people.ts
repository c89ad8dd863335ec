// Which changes of the registry of people are allowed, and what they amount to; and what somebody may do by it. Pure.
import { AnnealError } from '../contracts/errors.ts';
import type { GateKind } from '../contracts/gate.ts';
import {
  type Delegation,
  type PeopleChange,
  type Person,
  type PersonsKey,
  personKey,
  type Registry,
  type Role,
} from '../contracts/people.ts';

/** Who signed a change, as they stood before it. */
export interface ChangedBy {
  readonly name: string;
  readonly keyId: string;
  readonly role: Role;
}

type Of<W extends PeopleChange['what']> = Extract<PeopleChange, { what: W }>;

export const samePerson = (a: string, b: string): boolean => personKey(a) === personKey(b);

/** May answer gates. */
export const mayDecide = (role: Role): boolean => role === 'approver' || role === 'admin';

/** Whose role the registry knows, it decides, whatever a machine's own list says. */
export const roleIn = (registry: Registry, name: string, otherwise: Role): Role =>
  registry.people.get(personKey(name))?.role ?? otherwise;

/**
 * The registry after one more change.
 * @throws AnnealError `people.refused` where whoever signed it may not, or it contradicts what is there
 */
export function afterChange(
  registry: Registry,
  { number, at, by, change }: { number: number; at: string; by: ChangedBy; change: PeopleChange },
): Registry {
  if (by.role !== 'admin' && !isTheirOwn(registry, by.name, change))
    throw refused(`${by.name} is no admin: ${change.what}`);
  refuseLosingOneself(by, change);
  return { ...registry, ...changed(registry, at, change), number };
}

/** Lending one's own say, and taking back what was one's own, needs no admin. */
function isTheirOwn(registry: Registry, name: string, change: PeopleChange): boolean {
  const owner = (): string | undefined => {
    if (change.what === 'delegated') return change.from;
    if (change.what === 'delegation-ended') return registry.delegations.find(({ id }) => id === change.id)?.from;
    return change.what === 'key-revoked' ? registry.keys.get(change.keyId)?.name : undefined;
  };
  const whose = owner();
  return whose !== undefined && samePerson(whose, name);
}

/** So there is always an admin left: whoever signed the change. */
function refuseLosingOneself(by: ChangedBy, change: PeopleChange): void {
  const own = 'name' in change && samePerson(change.name, by.name);
  const demotes = (change.what === 'role-set' || change.what === 'person-added') && change.role !== 'admin';
  const loses = own && by.role === 'admin' && (demotes || change.what === 'person-revoked');
  if (loses || (change.what === 'key-revoked' && change.keyId === by.keyId))
    throw refused(`nobody takes from themselves what they sign with: ask another admin than ${by.name}`);
}

function changed(registry: Registry, at: string, change: PeopleChange): Partial<Registry> {
  switch (change.what) {
    case 'person-added':
      return added(registry, at, change);
    case 'role-set':
      return withPerson(registry, { ...standing(registry, change.name), role: change.role });
    case 'sign-in-set': {
      const { signIn: _before, ...person } = standing(registry, change.name);
      refuseTakenSignIn(registry, change);
      return withPerson(registry, { ...person, ...(change.signIn === null ? {} : { signIn: change.signIn }) });
    }
    case 'passkey-added':
    case 'key-added':
      return withKey(registry, at, change);
    case 'key-revoked': {
      if (registry.revoked.has(change.keyId)) throw refused(`the key ${change.keyId.slice(0, 16)} is revoked already`);
      const known = registry.keys.get(change.keyId);
      return {
        revoked: new Map(registry.revoked).set(change.keyId, at),
        ...(known && { keys: new Map(registry.keys).set(change.keyId, { ...known, revokedAt: at }) }),
      };
    }
    case 'person-revoked':
      return withPerson(registry, { ...standing(registry, change.name), revokedAt: at });
    case 'delegated':
      return delegated(registry, change);
    case 'delegation-ended': {
      const one = registry.delegations.find(({ id }) => id === change.id);
      if (one === undefined || one.endedAt !== undefined) throw refused(`no delegation ${change.id} is to be ended`);
      const ended: Delegation = { ...one, endedAt: at };
      return { delegations: registry.delegations.map((other) => (other === one ? ended : other)) };
    }
  }
}

function added(registry: Registry, at: string, { name, role, signIn }: Of<'person-added'>): Partial<Registry> {
  const known = registry.people.get(personKey(name));
  if (known !== undefined)
    throw refused(`${known.name} is there already${known.revokedAt === undefined ? '' : ', revoked'}`);
  if (signIn !== undefined) refuseTakenSignIn(registry, { name, signIn });
  return withPerson(registry, { name, role, addedAt: at, ...(signIn && { signIn }) });
}

/** One account is one person: a second name for it would be a second say. */
function refuseTakenSignIn(registry: Registry, { name, signIn }: Omit<Of<'sign-in-set'>, 'what'>): void {
  const other = [...registry.people.values()].find(
    (one) =>
      one.signIn?.issuer === signIn?.issuer &&
      one.signIn?.subject === signIn?.subject &&
      one.signIn !== undefined &&
      !samePerson(one.name, name),
  );
  if (other !== undefined) throw refused(`${other.name} signs in by that account`);
}

function withKey(registry: Registry, at: string, change: Of<'passkey-added'> | Of<'key-added'>): Partial<Registry> {
  const { name } = standing(registry, change.name);
  const { keyId } = change;
  const known = registry.keys.get(keyId);
  if (known !== undefined) throw refused(`the key ${keyId.slice(0, 16)} is ${known.name}'s`);
  if (registry.revoked.has(keyId)) throw refused(`the key ${keyId.slice(0, 16)} was revoked`);
  const half = change.what === 'key-added' ? { publicKey: change.publicKey } : { passkey: change.passkey };
  const key: PersonsKey = { name, keyId, addedAt: at, ...half };
  return { keys: new Map(registry.keys).set(keyId, key) };
}

function delegated(registry: Registry, { what: _, ...change }: Of<'delegated'>): Partial<Registry> {
  const [from, to] = [standing(registry, change.from), standing(registry, change.to)];
  if (!mayDecide(from.role)) throw refused(`${from.name} answers no gates, and can lend nobody that`);
  if (samePerson(from.name, to.name)) throw refused(`${from.name} is whom it would be lent to`);
  if (Date.parse(change.since) >= Date.parse(change.until)) throw refused('a delegation ends after it begins');
  if (registry.delegations.some(({ id }) => id === change.id)) throw refused(`${change.id} is there already`);
  return { delegations: [...registry.delegations, { ...change, from: from.name, to: to.name }] };
}

function standing(registry: Registry, name: string): Person {
  const person = registry.people.get(personKey(name));
  if (person === undefined) throw refused(`nobody is called ${name}`);
  if (person.revokedAt !== undefined) throw refused(`${person.name} is revoked`);
  return person;
}

const withPerson = (registry: Registry, person: Person): Partial<Registry> => ({
  people: new Map(registry.people).set(personKey(person.name), person),
});

/** The delegations in force at an instant, for a kind of gate. */
export function delegationsAt(registry: Registry, kind: GateKind | undefined, at: Date): readonly Delegation[] {
  const now = at.getTime();
  return registry.delegations.filter(
    ({ kinds, since, until, endedAt }) =>
      kind !== undefined &&
      kinds.includes(kind) &&
      Date.parse(since) <= now &&
      now < Math.min(Date.parse(until), endedAt === undefined ? Infinity : Date.parse(endedAt)),
  );
}

const refused = (why: string): AnnealError => new AnnealError('people.refused', why);
