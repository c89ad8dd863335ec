// What somebody may see and do in the console, by their role. Pure: the groups come from the identity provider, the rest from the page that asks.

import { type Role, role } from '../contracts/people.ts';

/** From the least to the most: each may do what those before it may. */
export const CONSOLE_ROLES = role.options;
export type ConsoleRole = Role;

/** The least role for each. What stops a campaign of somebody else is an admin's. */
const NEEDS = {
  /** Gates, campaigns, evidence, trajectories, the audit log. */
  read: 'viewer',
  'start-campaign': 'submitter',
  'stop-campaign': 'submitter',
  /** Answer a gate. Whether somebody may answer this one (its owner, say) is for its own check. */
  decide: 'approver',
  /** Ask for a passkey of one's own to be taken up. */
  'enrol-passkey': 'approver',
  /** Take up and revoke people and their keys. */
  'manage-people': 'admin',
} as const satisfies Record<string, ConsoleRole>;
export type ConsoleAction = keyof typeof NEEDS;
export const CONSOLE_ACTIONS = Object.keys(NEEDS) as ConsoleAction[];

export interface Somebody {
  readonly name: string;
  readonly role: ConsoleRole;
}

/** @param owner of the campaign that is acted on; of `stop-campaign`, without it nobody but an admin may */
export function mayDo(somebody: Somebody, action: ConsoleAction, owner?: string): boolean {
  if (rank(somebody.role) < rank(NEEDS[action])) return false;
  return action !== 'stop-campaign' || somebody.role === 'admin' || somebody.name === owner;
}

/** The highest role that any of the groups has; undefined: none has one. */
export function roleOfGroups(
  groups: readonly string[],
  roles: Readonly<Record<string, ConsoleRole>>,
): ConsoleRole | undefined {
  // Groups are named by whoever runs the provider: `constructor` is a group like any other.
  const held = groups.flatMap((group) => (Object.hasOwn(roles, group) ? [roles[group]!] : []));
  return CONSOLE_ROLES.findLast((role) => held.includes(role));
}

const rank = (role: ConsoleRole): number => CONSOLE_ROLES.indexOf(role);
