// Teams: who may submit what, and where.
import { type ErrorEntry, entry } from './entry.ts';

export const TEAM_ERRORS = {
  'team.invalid': entry('badInput', false, 'The file with the teams has problems', 'Fix every problem listed.'),
  'team.not_member': entry(
    'denied',
    false,
    'The owner is in no team that may submit',
    'Correct the owner, or let an administrator add them to a team.',
  ),
  'team.quota': entry(
    'denied',
    false,
    "The team's quota does not suffice",
    'Ask for less, wait until a campaign of the team has ended, or let an administrator raise the quota.',
  ),
  'team.busy': entry(
    'failed',
    true,
    "The team's quota is asked for by many at once",
    'Repeat the command in a moment; nothing was submitted.',
  ),
  'team.elsewhere': entry(
    'badInput',
    false,
    "The team's campaigns run elsewhere",
    'Use the namespace or the queue that the message names.',
  ),
} as const satisfies Record<string, ErrorEntry>;
