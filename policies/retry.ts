// What is done about each failure: sent again by Temporal, put before a human, or ended with.
import { ERRORS, type ErrorCode } from '../contracts/errors.ts';

/**
 * retry: the same call may succeed; Temporal repeats it with backoff, and the last failure goes to a gate.
 * gate: a human chooses between another try and the end; the campaign waits and loses nothing.
 * fail: the call is refused; nothing but another input helps.
 */
export type FailureAction = 'retry' | 'gate' | 'fail';

/** Every code has an action: a new code does not compile until it has one here. */
export const FAILURE_ACTIONS = {
  'spec.syntax': 'fail',
  'spec.unknown_field': 'fail',
  'spec.missing_field': 'fail',
  'spec.wrong_type': 'fail',
  'spec.wrong_unit': 'fail',
  'spec.out_of_range': 'fail',
  'spec.duplicate_key': 'fail',
  'spec.missing_file': 'fail',
  'spec.impossible_split': 'fail',
  'spec.invalid': 'fail',
  'campaign.duplicate_name': 'fail',
  'campaign.not_found': 'fail',
  'campaign.not_running': 'fail',
  'campaign.unbalanced': 'fail',
  'tasks.none_left': 'fail',
  'tasks.source_failed': 'gate',
  'tasks.lock_mismatch': 'gate',
  'stack.port_in_use': 'fail',
  'stack.no_space': 'gate',
  'stack.temporal_unavailable': 'retry',
  'stack.search_attributes': 'fail',
  'stack.gateway_unavailable': 'retry',
  'stack.policy_unavailable': 'retry',
  'stack.python_missing': 'gate',
  'stack.node_too_old': 'fail',
  'stack.download_failed': 'retry',
  'stack.not_running': 'fail',
  'stack.start_failed': 'gate',
  'policy.model_corrupt': 'gate',
  'policy.adapter_corrupt': 'gate',
  'policy.version_mismatch': 'retry',
  'gateway.unauthorised': 'fail',
  'gateway.budget_exhausted': 'fail',
  'gateway.bad_request': 'fail',
  'gateway.upstream_failed': 'retry',
  'gateway.overloaded': 'retry',
  'gateway.segment_corrupt': 'gate',
  'gateway.conflict': 'fail',
  'sandbox.unavailable': 'gate',
  'sandbox.failed': 'retry',
  'verifier.failed': 'retry',
  'store.not_found': 'gate',
  'store.corrupt_object': 'gate',
  'store.conflict': 'fail',
  'store.no_space': 'gate',
  'store.unavailable': 'retry',
  'job.configuration': 'gate',
  // Retryable in principle, but a node that broke a job breaks the next one too: a human looks first.
  'job.accelerator': 'gate',
  'job.no_space': 'gate',
  'job.failed': 'gate',
  'job.conflict': 'fail',
  'gate.not_found': 'fail',
  'gate.closed': 'fail',
  'gate.expired': 'fail',
  'decision.other_run': 'fail',
  'decision.replayed': 'fail',
  'decision.altered': 'fail',
  'decision.unknown_signer': 'fail',
  'decision.unknown_option': 'fail',
  'decision.reason_missing': 'fail',
  'decision.not_verified': 'fail',
  'release.conflict': 'fail',
  'release.nothing_to_roll_back': 'fail',
  'cli.usage': 'fail',
  'internal.bug': 'fail',
} as const satisfies Record<ErrorCode, FailureAction>;

/** What to do about a failure's code; a code from elsewhere (a bug, another version of Anneal) fails. */
export function actionFor(code: string): FailureAction {
  return isErrorCode(code) ? FAILURE_ACTIONS[code] : 'fail';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Codes that Temporal must not retry: the `type` of the ApplicationFailure that an activity throws. */
export const NON_RETRYABLE: readonly ErrorCode[] = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code) => FAILURE_ACTIONS[code] !== 'retry',
);

/** The shape of Temporal's RetryPolicy, as data: policies do not import Temporal. Intervals in milliseconds. */
export interface RetryOptions {
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumInterval: number;
  readonly maximumAttempts: number;
  readonly nonRetryableErrorTypes: string[];
}

const options = (initialInterval: number, maximumInterval: number, maximumAttempts: number): RetryOptions => ({
  initialInterval,
  backoffCoefficient: 2,
  maximumInterval,
  maximumAttempts,
  nonRetryableErrorTypes: [...NON_RETRYABLE],
});

export const RETRY_OPTIONS = {
  /** Store, pool and identity calls: short waits, about 45 seconds in all. */
  quick: options(200, 10_000, 10),
  /** One rollout or grading: a restart of gateway, policy server or sandbox must fit in (about 105 seconds). */
  rollout: options(500, 15_000, 12),
  /** Long activities that resume where they stopped (training, construction): few attempts, long waits (about five minutes). */
  patient: options(2_000, 60_000, 10),
  /** For calls that must not be repeated blindly. */
  once: options(1_000, 1_000, 1),
} as const satisfies Record<string, RetryOptions>;
