// Campaigns, pilots and their task sets.
import { type ErrorEntry, entry } from './entry.ts';

export const CAMPAIGN_ERRORS = {
  'campaign.duplicate_name': entry(
    'badInput',
    false,
    'A campaign of that name exists with another specification',
    'Choose another name, or cancel the old one first.',
  ),
  'campaign.not_found': entry('notFound', false, 'No such campaign', 'List the campaigns with ./anneal ls.'),
  'campaign.not_running': entry(
    'failed',
    false,
    'The campaign is not running',
    'Use ./anneal resume to go on from its last finished round.',
  ),
  'campaign.unbalanced': entry(
    'failed',
    false,
    'The conservation ledger does not balance',
    'Run ./anneal report and compare the three sets that it names.',
  ),
  'tasks.none_left': entry(
    'failed',
    false,
    'No task survived certification',
    'Read the reasons in the construction report; widen the modules or the cases.',
  ),
  'tasks.source_failed': entry(
    'failed',
    false,
    'The task source could not be read',
    'Check that the Python on the machine is 3.11 or newer, then resume.',
  ),
  'tasks.lock_mismatch': entry(
    'failed',
    false,
    'The task set differs from its lock',
    'Restore the store from a backup, or construct and lock again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
