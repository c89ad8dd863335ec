// The error table: every failure a user can meet has a code, named by the boundary that was crossed, a documentation page
// (docs/errors/<code>.md), an exit code, and the action an operator takes.
import { z } from 'zod';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, badInput: 2, denied: 3, notFound: 4, unavailable: 5 } as const;
export type ExitName = keyof typeof EXIT;

interface ErrorEntry {
  readonly exit: ExitName;
  /** Whether the same call may succeed later with nothing changed: activities retry only these. */
  readonly retryable: boolean;
  readonly title: string;
  readonly action: string;
}

const entry = (exit: ExitName, retryable: boolean, title: string, action: string): ErrorEntry => ({
  exit,
  retryable,
  title,
  action,
});

export const ERRORS = {
  'spec.syntax': entry('badInput', false, 'The file is not valid YAML', 'Fix the line that the message names.'),
  'spec.unknown_field': entry('badInput', false, 'A field is not known', 'Remove it or use the suggested name.'),
  'spec.missing_field': entry('badInput', false, 'A required field is missing', 'Add the field.'),
  'spec.wrong_type': entry('badInput', false, 'A value has the wrong type', 'Give the type that the message expects.'),
  'spec.wrong_unit': entry(
    'badInput',
    false,
    'A quantity has no unit or a wrong one',
    'Write durations like 90s, 15m or 2h.',
  ),
  'spec.out_of_range': entry('badInput', false, 'A value lies outside its range', 'Choose a value inside the range.'),
  'spec.duplicate_key': entry('badInput', false, 'A key or an entry stands twice', 'Keep one of them.'),
  'spec.missing_file': entry(
    'badInput',
    false,
    'A file that the campaign names does not exist',
    'Create it or correct the path.',
  ),
  'spec.impossible_split': entry(
    'badInput',
    false,
    'The splits cannot be satisfied',
    'Make the fractions sum to 1 and leave each split enough functions.',
  ),
  'spec.invalid': entry(
    'badInput',
    false,
    'The campaign file has problems',
    'Fix every problem listed; each has a field path and a hint.',
  ),
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
  'stack.port_in_use': entry(
    'unavailable',
    false,
    'A port is taken by another process',
    'Stop that process or choose another port.',
  ),
  'stack.no_space': entry(
    'unavailable',
    false,
    'The disk is full',
    'Free the space that the message names, then resume.',
  ),
  'stack.temporal_unavailable': entry(
    'unavailable',
    true,
    'Temporal does not answer',
    'Start it with ./anneal up, or correct --temporal.',
  ),
  'stack.search_attributes': entry(
    'unavailable',
    false,
    'Temporal lacks search attributes that Anneal needs',
    'Let an administrator of the namespace create them; the message says how.',
  ),
  'stack.gateway_unavailable': entry(
    'unavailable',
    true,
    'The gateway does not answer',
    'Start it with ./anneal up; its log is gateway.log.',
  ),
  'stack.policy_unavailable': entry(
    'unavailable',
    true,
    'The policy server does not answer',
    'Start it with ./anneal up; its log is policy.log.',
  ),
  'stack.python_missing': entry(
    'unavailable',
    false,
    'No suitable Python was found',
    'Install Python 3.11 or newer with venv and pip.',
  ),
  'stack.node_too_old': entry(
    'unavailable',
    false,
    'Node 24 was not found',
    'Run npm ci in the repository; it brings Node 24.',
  ),
  'stack.download_failed': entry(
    'unavailable',
    true,
    'A download failed or its hash is wrong',
    'Check the network and the package index settings, then run again.',
  ),
  'stack.not_running': entry('unavailable', false, 'The local stack is not running', 'Start it with ./anneal up.'),
  'stack.start_failed': entry(
    'unavailable',
    false,
    'A part of the local stack did not start',
    'Read the log that the message names.',
  ),
  'policy.model_corrupt': entry(
    'failed',
    false,
    'The model file is corrupt',
    'Run ./anneal down --purge and start again to fetch it anew.',
  ),
  'policy.adapter_corrupt': entry(
    'failed',
    false,
    'An adapter is corrupt or does not fit the model',
    'Resume from the previous policy version.',
  ),
  'policy.version_mismatch': entry(
    'failed',
    true,
    'Another policy version answered',
    'Nothing to do: the request is sent again after the version is loaded.',
  ),
  'gateway.unauthorised': entry(
    'denied',
    false,
    'The rollout credential is missing, forged or expired',
    'Ask the worker for a new credential.',
  ),
  'gateway.budget_exhausted': entry(
    'denied',
    false,
    'The rollout has used its requests or tokens',
    'Raise the budget in the campaign if that is intended.',
  ),
  'gateway.bad_request': entry(
    'badInput',
    false,
    'The request is not valid',
    'Correct the fields that the message names.',
  ),
  'gateway.upstream_failed': entry(
    'unavailable',
    true,
    'The policy server failed to answer',
    'Look at policy.log; the request is retried.',
  ),
  'gateway.overloaded': entry('unavailable', true, 'Too many requests are waiting', 'Lower rollouts.concurrency.'),
  'gateway.segment_corrupt': entry(
    'failed',
    false,
    'A capture segment is damaged before its tail',
    'Keep the file; restore it from a backup.',
  ),
  'gateway.conflict': entry(
    'failed',
    false,
    'A different record exists under the same id',
    'Report it: an id must never name two records.',
  ),
  'sandbox.unavailable': entry(
    'unavailable',
    false,
    'No sandbox can be made on this machine',
    'Install bubblewrap and allow user namespaces; Anneal never runs candidates unsandboxed.',
  ),
  'sandbox.failed': entry(
    'failed',
    true,
    'The sandbox itself failed',
    'Nothing to do at first: it is retried and masks the sample.',
  ),
  'verifier.failed': entry(
    'failed',
    true,
    'The verifier could not give a verdict',
    'Look at the evidence; the sample is masked, never scored 0.',
  ),
  'store.not_found': entry('notFound', false, 'An object is not in the store', 'Restore it from a backup.'),
  'store.corrupt_object': entry(
    'failed',
    false,
    'An object does not match its hash',
    'Restore it from a backup; nothing was read from it.',
  ),
  'store.conflict': entry(
    'failed',
    false,
    'A name was changed by someone else',
    'Read the current value and try again.',
  ),
  'store.no_space': entry('unavailable', false, 'The store has no space left', 'Free space, then resume.'),
  'store.unavailable': entry('unavailable', true, 'The store does not answer', 'Check its address and credentials.'),
  'job.configuration': entry(
    'failed',
    false,
    'The job refused its configuration (exit 42)',
    'Correct what its error names, then retry at the gate.',
  ),
  'job.accelerator': entry(
    'failed',
    false,
    'The accelerator or the network failed (exit 43)',
    'Check the node; retry at the gate.',
  ),
  'job.no_space': entry(
    'failed',
    false,
    'The job ran out of disk space (exit 44)',
    'Free space, then retry at the gate.',
  ),
  'job.failed': entry('failed', false, 'The job failed', 'Read its last log lines at the gate; retry or abort.'),
  'job.interrupted': entry(
    'failed',
    true,
    'The job was stopped from outside',
    'Nothing to do at first: it is started again and goes on from its last checkpoint.',
  ),
  'job.conflict': entry(
    'failed',
    false,
    'A job of that name exists with another specification',
    'Report it: job names must be unique.',
  ),
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
  'decision.not_verified': entry(
    'denied',
    false,
    'An effect was asked for without a valid decision',
    'Decide at the gate; a signal alone is no approval.',
  ),
  'release.conflict': entry(
    'failed',
    false,
    'The released version changed meanwhile',
    'Look at ./anneal release and decide again.',
  ),
  'release.nothing_to_roll_back': entry('notFound', false, 'There is no earlier release', 'Nothing to do.'),
  'cli.usage': entry('badInput', false, 'The command line is not valid', 'Look at ./anneal help.'),
  'internal.bug': entry(
    'failed',
    false,
    'Something that must not happen happened',
    'Report it with the log that the message names.',
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** One thing wrong with an input: where, what was expected, what stood there, what to do. */
export const problem = z.strictObject({
  code: errorCode,
  path: z.string(),
  line: z.int().positive().optional(),
  expected: z.string(),
  got: z.string().optional(),
  hint: z.string(),
});
export type Problem = z.infer<typeof problem>;

/** The only error class of Anneal. `problems` lists everything that is wrong at once. */
export class AnnealError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; problems?: readonly Problem[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AnnealError';
    this.code = code;
    this.problems = options.problems ?? [];
  }

  get exitCode(): number {
    return EXIT[ERRORS[this.code].exit];
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Narrows an unknown failure: anything that is not ours is a bug until a boundary has named it. */
export function asAnnealError(failure: unknown): AnnealError {
  if (failure instanceof AnnealError) return failure;
  const message = failure instanceof Error ? failure.message : String(failure);
  return new AnnealError('internal.bug', message, { cause: failure });
}
