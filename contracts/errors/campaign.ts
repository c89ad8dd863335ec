// Campaigns, pilots and their task sets.
import { type ErrorEntry, entry } from './entry.ts';

export const CAMPAIGN_ERRORS = {
  'campaign.duplicate_name': entry(
    'badInput',
    false,
    'A campaign of that name exists with another specification',
    'Give this one another name; and another seed, if it is to have a sealed split of its own.',
  ),
  'campaign.not_found': entry('notFound', false, 'No such campaign', 'List the campaigns with ./anneal ls.'),
  'campaign.not_running': entry(
    'failed',
    false,
    'The campaign is not running',
    'Use ./anneal resume to go on from its last finished round.',
  ),
  'campaign.already_running': entry(
    'failed',
    false,
    'The campaign is running already',
    'Follow it with ./anneal watch, or end it first with ./anneal cancel.',
  ),
  'campaign.complete': entry(
    'failed',
    false,
    'The campaign is complete: it has released a version',
    'To train further, submit a campaign of another name and seed.',
  ),
  'campaign.other_compute': entry(
    'badInput',
    false,
    'The campaign is written for another kind of compute',
    'Write `compute: kubernetes` or leave it out, as this stack has it; or name another home.',
  ),
  'campaign.stage_timed_out': entry(
    'failed',
    false,
    'A stage ran past its time limit',
    'Look into the logs for what hangs; retry at the gate, or abort and raise the limit.',
  ),
  'campaign.broken_off': entry(
    'failed',
    false,
    "The campaign's run was broken off",
    'Use ./anneal resume to go on from its last finished round.',
  ),
  'campaign.no_report': entry(
    'notFound',
    false,
    'The campaign has no report yet',
    'Follow it with ./anneal watch: the report is written at its end.',
  ),
  'campaign.no_log': entry(
    'notFound',
    false,
    'The campaign has written no log yet',
    'Wait for its first training, or see the stack with --part worker.',
  ),
  'campaign.unbalanced': entry(
    'failed',
    false,
    'The conservation ledger does not balance',
    'Run ./anneal report and compare the three sets that it names.',
  ),
  'pilot.broken_off': entry(
    'failed',
    false,
    "The pilot's run was broken off",
    'Run the same command again: it goes on where it stopped.',
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
    'Correct what is named and run the same command again, or resume; of a program that failed, ./anneal doctor tells whether its Python will do.',
  ),
  'tasks.unsigned': entry(
    'failed',
    false,
    'The lock of the task set is not signed',
    'Run ./anneal taskset lock with the set’s file again: it signs what is built already.',
  ),
  'tasks.lock_mismatch': entry(
    'failed',
    false,
    'The task set differs from its lock',
    'Restore the store from a backup, or construct and lock again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
