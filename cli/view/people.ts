// The registry of people on a terminal: who may what, by which keys, and what is lent to whom.
import { type PeopleChange, personKey, type Registry } from '../../contracts/people.ts';
import type { Approver } from '../../infra/identity/keys.ts';
import { instant } from '../../infra/markup/figures.ts';
import type { WaitingEnrolment } from '../../infra/people/enrolments.ts';
import { paint } from './paint.ts';
import { type Column, table } from './table.ts';
import { plain } from './text.ts';

/** One change in a few words. */
export function changeWords(change: PeopleChange): string {
  switch (change.what) {
    case 'person-added':
      return `${change.name} is there, as ${change.role}`;
    case 'role-set':
      return `${change.name} is ${change.role}`;
    case 'sign-in-set':
      return change.signIn === null
        ? `${change.name} signs in no more`
        : `${change.name} signs in as ${change.signIn.subject} of ${change.signIn.issuer}`;
    case 'passkey-added':
      return `${change.name} has the passkey ${change.keyId.slice(0, 16)}`;
    case 'key-added':
      return `${change.name} has the key ${change.keyId.slice(0, 16)}`;
    case 'key-revoked':
      return `the key ${change.keyId.slice(0, 16)} is revoked`;
    case 'person-revoked':
      return `${change.name} is revoked`;
    case 'delegated':
      return `${change.to} answers ${change.kinds.join(', ')} in the name of ${change.from} from ${change.since} to ${change.until}`;
    case 'delegation-ended':
      return `the delegation ${change.id} is over`;
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'role' },
  { title: 'keys' },
  { title: 'signs in as', drop: 2 },
  { title: 'from', drop: 1 },
];

export interface ListedPerson {
  readonly name: string;
  readonly role: string;
  readonly revoked: boolean;
  readonly keys: readonly { readonly keyId: string; readonly kind: 'key' | 'passkey'; readonly revoked: boolean }[];
  readonly signsInAs?: string;
  readonly from: 'registry' | 'approvers.json' | 'both';
}

/** Everybody, by one list: the registry's people, and those whom only this machine's approvers.json knows. */
export function listedPeople(registry: Registry, approvers: readonly Approver[]): ListedPerson[] {
  const names = new Map(
    [...approvers.map(({ name }) => name), ...[...registry.people.values()].map(({ name }) => name)].map((name) => [
      personKey(name),
      name,
    ]),
  );
  return [...names].map(([key, name]) => {
    const person = registry.people.get(key);
    const own = approvers.filter((one) => personKey(one.name) === key);
    const registered = [...registry.keys.values()].filter((one) => personKey(one.name) === key);
    const known = new Map([...own, ...registered].map((one) => [one.keyId as string, one]));
    const revokedHere = own.filter(({ revokedAt }) => revokedAt !== undefined).map(({ keyId }) => keyId as string);
    return {
      ...{ name, role: person?.role ?? own[0]?.role ?? 'admin', revoked: person?.revokedAt !== undefined },
      keys: [...known.values()].map((one) => ({
        ...{ keyId: one.keyId, kind: 'passkey' in one ? ('passkey' as const) : ('key' as const) },
        revoked: registry.revoked.has(one.keyId) || revokedHere.includes(one.keyId),
      })),
      ...(person?.signIn && { signsInAs: `${person.signIn.subject} of ${person.signIn.issuer}` }),
      from: person === undefined ? 'approvers.json' : own.length === 0 ? 'registry' : 'both',
    };
  });
}

export function renderPeople(
  people: readonly ListedPerson[],
  registry: Registry,
  { width, colour, now = new Date() }: { width: number; colour: boolean; now?: Date },
): string[] {
  const ink = paint(colour);
  const rows = people.map(({ name, role, revoked, keys, signsInAs, from }) => [
    ink.bold(plain(name)),
    revoked ? ink.red('revoked') : role,
    keys
      .map(({ keyId, kind, revoked: gone }) => `${kind} ${keyId.slice(0, 16)}${gone ? ' (revoked)' : ''}`)
      .join(', ') || 'none',
    plain(signsInAs ?? '–'),
    from,
  ]);
  const lent = registry.delegations
    .filter(({ until, endedAt }) => endedAt === undefined && Date.parse(until) > now.getTime())
    .map(
      ({ id, from, to, kinds, since, until }) =>
        `${plain(to)} answers ${kinds.join(', ')} in the name of ${plain(from)}, ${instant(since)} to ${instant(until)} (${id})`,
    );
  return [...table(COLUMNS, rows, { width, header: ink.dim }), ...(lent.length === 0 ? [] : ['', ...lent])];
}

/** The fingerprint is not shown: whoever confirms one has it from its person. */
export const waitingLines = (waiting: readonly WaitingEnrolment[]): string[] =>
  waiting.length === 0
    ? []
    : [
        '',
        ...waiting.map(
          ({ enrolment: { name, subject, issuer, keyId }, trouble }) =>
            `${plain(name)}, signed in as ${plain(subject)} of ${plain(issuer)}, made the passkey ${keyId.slice(0, 16)}: ${
              trouble === undefined
                ? `./anneal approvers confirm ${keyId.slice(0, 16)} --fingerprint "…"`
                : `it cannot be confirmed, ${plain(trouble)}`
            }`,
        ),
      ];
