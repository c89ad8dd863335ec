// Human decisions and the effects that they allow: gates, decisions, releases.
import { type ErrorEntry, entry } from './entry.ts';

export const DECISION_ERRORS = {
  'gate.not_found': entry('notFound', false, 'No such gate', 'List the open gates with ./anneal gates.'),
  'gate.closed': entry('failed', false, 'The gate is already decided', 'Nothing to do: its decision stands.'),
  'gate.expired': entry(
    'denied',
    false,
    'The gate has expired',
    'Its safe option was taken; resume the campaign to open a new gate.',
  ),
  'decision.other_run': entry(
    'denied',
    false,
    'The decision belongs to another campaign or run',
    'Decide on the gate that is open now.',
  ),
  'decision.replayed': entry('denied', false, 'The decision was already used', 'Sign a new decision.'),
  'decision.altered': entry(
    'denied',
    false,
    'The decision or its evidence was altered',
    'Look at the evidence again and sign anew.',
  ),
  'decision.unknown_signer': entry(
    'denied',
    false,
    'The signer is not an approver',
    'Use a key that ./anneal init made on this machine.',
  ),
  'decision.unknown_option': entry(
    'badInput',
    false,
    'The gate has no such option',
    'Use one of the options that the gate lists.',
  ),
  'decision.reason_missing': entry('badInput', false, 'A decision needs a reason', 'Give --reason.'),
  'decision.self_approved': entry(
    'denied',
    false,
    'Whoever owns a campaign may not answer its gates here',
    'Ask another approver: critical.yaml refuses it.',
  ),
  'decision.unattended': entry(
    'denied',
    false,
    'A gate may not be answered by an unattended run here',
    'Answer it: ./anneal gates lists what is open. critical.yaml refuses --yes.',
  ),
  'decision.not_verified': entry(
    'denied',
    false,
    'An effect was asked for without a valid decision',
    'Decide at the gate; a signal alone is no approval.',
  ),
  'decision.not_permitted': entry(
    'denied',
    false,
    'Whoever signed may not do that',
    'Ask somebody whose role allows it: ./anneal approvers lists who may what.',
  ),
  'decision.clock': entry(
    'denied',
    false,
    'The decision was signed by a clock that is wrong',
    'Set the clock of the machine that signed, and sign a new decision.',
  ),
  'people.broken': entry(
    'failed',
    false,
    'The registry of people is not whole',
    'Restore the store, and find out who could write to it; ./anneal approvers says which entry is wrong.',
  ),
  'people.refused': entry(
    'denied',
    false,
    'This change of the registry of people is not allowed',
    'Look at ./anneal approvers; an admin has to sign it.',
  ),
  'on_call.invalid': entry(
    'badInput',
    false,
    'The on-call file has problems',
    'Fix every problem listed; docs/on-call.md describes the file.',
  ),
  'notification.failed': entry(
    'unavailable',
    true,
    'Somebody could not be told of a gate',
    'Look at the on-call file and at what answers there: ./anneal on-call FILE --send NAME.',
  ),
  'audit.broken': entry(
    'failed',
    false,
    'The audit log is not whole',
    'Run ./anneal audit verify; restore the store, and find out who could write to it.',
  ),
  'sealed.openings_spent': entry(
    'denied',
    false,
    'The sealed split was opened as often as its budget allows',
    'Submit a campaign of another name and seed: its task set has a sealed split of its own.',
  ),
  'release.base_model': entry(
    'failed',
    false,
    'The version is the base model, which everybody has',
    'Keep what is released; a later campaign may train a version worth releasing.',
  ),
  'release.conflict': entry(
    'failed',
    false,
    'The released version changed meanwhile',
    'Look at ./anneal release and decide again.',
  ),
  'release.none': entry(
    'notFound',
    false,
    'Nothing is released',
    'Release a version at the release gate of a campaign; ./anneal gates lists what is open.',
  ),
  'release.nothing_to_roll_back': entry('notFound', false, 'There is no such release', './anneal release lists them.'),
} as const satisfies Record<string, ErrorEntry>;
