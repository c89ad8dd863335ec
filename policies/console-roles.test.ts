import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  CONSOLE_ACTIONS,
  CONSOLE_ROLES,
  type ConsoleAction,
  type ConsoleRole,
  mayDo,
  roleOfGroups,
} from './console-roles.ts';

const role = fc.constantFrom(...CONSOLE_ROLES);
const action = fc.constantFrom(...CONSOLE_ACTIONS);
const name = fc.constantFrom('ada', 'ben', 'eve');
const group = fc.constantFrom('readers', 'researchers', 'leads', 'staff', 'constructor', '__proto__', 'toString', '');
const roles = fc.dictionary(group, role, { noNullPrototype: true });
const rank = (one: ConsoleRole | undefined): number => (one === undefined ? -1 : CONSOLE_ROLES.indexOf(one));

it('each role may do what the table says', () => {
  const table = Object.fromEntries(
    CONSOLE_ROLES.map((one) => [one, CONSOLE_ACTIONS.filter((what) => mayDo({ name: 'ada', role: one }, what, 'ada'))]),
  );
  expect(table).toEqual({
    viewer: ['read'],
    submitter: ['read', 'start-campaign', 'stop-campaign'],
    approver: ['read', 'start-campaign', 'stop-campaign', 'decide', 'enrol-passkey'],
    admin: CONSOLE_ACTIONS,
  } satisfies Record<ConsoleRole, ConsoleAction[]>);
});

it('a higher role may do whatever a lower one may', () => {
  fc.assert(
    fc.property(role, role, action, name, name, (one, other, what, who, owner) => {
      const [low, high] = rank(one) <= rank(other) ? [one, other] : [other, one];
      return !mayDo({ name: who, role: low }, what, owner) || mayDo({ name: who, role: high }, what, owner);
    }),
  );
});

it('nobody but an admin stops what is not theirs, or what has no owner', () => {
  fc.assert(
    fc.property(role, name, fc.option(name, { nil: undefined }), (one, who, owner) => {
      const may = mayDo({ name: who, role: one }, 'stop-campaign', owner);
      return !may || one === 'admin' || (who === owner && one !== 'viewer');
    }),
  );
});

it('the highest role wins, in whatever order; without a group that has one there is none', () => {
  fc.assert(
    fc.property(fc.array(group), roles, (groups, map) => {
      const found = roleOfGroups(groups, map);
      const held = groups.filter((one) => Object.hasOwn(map, one)).map((one) => rank(map[one]));
      expect(rank(found)).toBe(Math.max(-1, ...held));
      expect(roleOfGroups(groups.toReversed(), map)).toBe(found);
    }),
  );
});

it('one group more never takes anything away, one less never adds anything', () => {
  fc.assert(
    fc.property(fc.array(group), group, roles, (groups, more, map) => {
      expect(rank(roleOfGroups([...groups, more], map))).toBeGreaterThanOrEqual(rank(roleOfGroups(groups, map)));
    }),
  );
});

it('a group is known by its whole name', () => {
  expect(roleOfGroups(['leads-of-nothing', 'Leads', 'lead', 'constructor', '__proto__'], { leads: 'admin' })).toBe(
    undefined,
  );
});
