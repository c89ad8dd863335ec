// What is done about each failure: the one place that decides what is repeated, what stops the work around it, and what a
// human is advised.
import { ERRORS, type ErrorCode } from '../contracts/errors.ts';
import { JOB_EXIT, type StopCause } from '../contracts/job.ts';

/**
 * retry: the same call may succeed; Temporal repeats it with backoff.
 * gate: never repeated blindly, since the machine or the store is at fault and other calls would fail as well: the stage
 * stops and a human chooses between another try and the end; the campaign waits and loses nothing.
 * fail: never repeated; the call itself is refused. A rollout masks its sample; any other stage stops and asks.
 *
 * What is still failing after its last attempt ends a stage too; it masks a rollout unless it blames the machine.
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
  'simulation.invalid': 'fail',
  'campaign.duplicate_name': 'fail',
  'campaign.not_found': 'fail',
  'campaign.not_running': 'fail',
  'campaign.already_running': 'fail',
  'campaign.complete': 'fail',
  'campaign.broken_off': 'fail',
  'campaign.no_report': 'fail',
  'campaign.no_log': 'fail',
  'campaign.unbalanced': 'fail',
  'campaign.other_compute': 'fail',
  'campaign.stage_timed_out': 'gate',
  'pilot.broken_off': 'fail',
  'tasks.none_left': 'fail',
  'tasks.source_failed': 'gate',
  'tasks.unsigned': 'gate',
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
  'policy.unauthorised': 'gate',
  'gateway.unauthorised': 'fail',
  'gateway.budget_exhausted': 'fail',
  'gateway.loop': 'fail',
  'gateway.bad_request': 'fail',
  'gateway.upstream_failed': 'retry',
  'gateway.overloaded': 'retry',
  'gateway.segment_corrupt': 'gate',
  'gateway.conflict': 'fail',
  'rollout.update_failed': 'retry',
  'rollout.superseded': 'fail',
  'rollout.unfit': 'gate',
  'rollout.none': 'fail',
  'weights.not_published': 'gate',
  'weights.incomplete': 'gate',
  'weights.corrupt': 'gate',
  'sandbox.unavailable': 'gate',
  'sandbox.failed': 'retry',
  'environment.unusable': 'gate',
  'verifier.failed': 'retry',
  'harness.failed': 'retry',
  'harness.missing': 'gate',
  'store.not_found': 'gate',
  'store.corrupt_object': 'gate',
  'store.conflict': 'fail',
  'store.no_space': 'gate',
  'store.unavailable': 'retry',
  'store.no_bucket': 'gate',
  'store.denied': 'gate',
  'store.clock_skew': 'gate',
  'store.unsupported': 'gate',
  'store.changed_file': 'retry',
  'judge.unavailable': 'retry',
  'judge.refused': 'gate',
  'task.invalid': 'fail',
  'job.configuration': 'gate',
  // Retryable in principle, but a node that broke a job breaks the next one too: a human looks first.
  'job.accelerator': 'gate',
  'job.no_space': 'gate',
  'job.failed': 'gate',
  'job.unsound': 'gate',
  'job.interrupted': 'retry',
  'job.out_of_memory': 'gate',
  'job.image': 'gate',
  'job.unschedulable': 'gate',
  'job.conflict': 'fail',
  'pool.segment_missing': 'gate',
  'pool.record_invalid': 'gate',
  'pool.unverified': 'fail',
  'pool.table_damaged': 'gate',
  'pool.table_unsupported': 'gate',
  'pool.query': 'fail',
  'pool.engine': 'gate',
  'pool.nothing': 'fail',
  'profile.not_found': 'fail',
  'profile.invalid': 'fail',
  'profile.layout': 'fail',
  'profile.memory': 'fail',
  'profile.version': 'fail',
  'profile.cluster': 'fail',
  'cluster.no_config': 'gate',
  'cluster.unavailable': 'retry',
  'cluster.unauthenticated': 'gate',
  'cluster.denied': 'gate',
  'cluster.quota': 'gate',
  'cluster.missing_crd': 'gate',
  'cluster.not_found': 'gate',
  'cluster.rejected': 'gate',
  'cluster.name_too_long': 'fail',
  'cluster.name_taken': 'fail',
  'gate.not_found': 'fail',
  'gate.closed': 'fail',
  'gate.expired': 'fail',
  'decision.other_run': 'fail',
  'decision.replayed': 'fail',
  'decision.altered': 'fail',
  'decision.unknown_signer': 'fail',
  'decision.unknown_option': 'fail',
  'decision.reason_missing': 'fail',
  'decision.self_approved': 'fail',
  'decision.unattended': 'fail',
  'decision.not_permitted': 'fail',
  'decision.clock': 'fail',
  'decision.same_person': 'fail',
  'decision.quorum_missing': 'fail',
  'decision.not_verified': 'fail',
  'console.no_page': 'fail',
  'console.refused': 'fail',
  'sealed.openings_spent': 'fail',
  'release.base_model': 'fail',
  'on_call.invalid': 'fail',
  'notification.failed': 'retry',
  'people.broken': 'fail',
  'people.refused': 'fail',
  'audit.broken': 'fail',
  'audit.heads_invalid': 'fail',
  'audit.unkept': 'retry',
  'sign_in.configuration': 'fail',
  'sign_in.refused': 'fail',
  'sign_in.link_spent': 'fail',
  'sign_in.no_role': 'fail',
  'sign_in.not_allowed': 'fail',
  'sign_in.too_many': 'retry',
  'sign_in.unavailable': 'retry',
  'sign_in.forged': 'fail',
  'passkey.refused': 'fail',
  'release.conflict': 'fail',
  'release.none': 'fail',
  'release.nothing_to_roll_back': 'fail',
  'tracker.unavailable': 'retry',
  'tracker.refused': 'fail',
  'merge.unfit': 'fail',
  'merge.repository': 'gate',
  'merge.locked': 'retry',
  'merge.tag_taken': 'fail',
  'forge.unauthorised': 'fail',
  'forge.not_found': 'gate',
  'forge.rejected': 'fail',
  'forge.unavailable': 'retry',
  'forge.diverged': 'gate',
  // Found before anything is started; what is met later is for a human to mend, and the campaign waits.
  'temporal.credentials': 'fail',
  'temporal.certificate_expired': 'gate',
  'temporal.untrusted_server': 'gate',
  'temporal.certificate_refused': 'gate',
  'temporal.tls_mismatch': 'fail',
  'temporal.key_refused': 'fail',
  'temporal.no_namespace': 'fail',
  'temporal.denied': 'fail',
  'temporal.versioning': 'fail',
  'payload.keys': 'fail',
  'payload.unknown_key': 'gate',
  'payload.unreadable': 'gate',
  'codec.unprotected': 'fail',
  'team.invalid': 'fail',
  'team.not_member': 'fail',
  'team.quota': 'fail',
  'team.busy': 'retry',
  'team.elsewhere': 'fail',
  'testbed.no_go': 'fail',
  'testbed.build_failed': 'retry',
  'testbed.no_kubelet': 'fail',
  'testbed.no_containerd': 'fail',
  'testbed.start_failed': 'retry',
  'testbed.not_running': 'fail',
  'testbed.request_failed': 'retry',
  'testbed.image_failed': 'fail',
  'diagnosis.unreadable': 'fail',
  'repository.invalid': 'fail',
  'repository.unknown': 'fail',
  'incident.not_found': 'fail',
  'ticket.not_found': 'fail',
  'memory.not_found': 'fail',
  'skill.unfit': 'fail',
  'research.unreadable': 'fail',
  'research.not_found': 'fail',
  'research.not_handed_out': 'fail',
  'research.search_failed': 'retry',
  'cli.usage': 'fail',
  'internal.bug': 'fail',
} as const satisfies Record<ErrorCode, FailureAction>;

/** What to do about a failure's code; a code from elsewhere (a bug, another version of Anneal) fails. */
export function actionFor(code: string): FailureAction {
  return isErrorCode(code) ? FAILURE_ACTIONS[code] : 'fail';
}

/** Whether a failure that outlasted its attempts says something about the machine, not about the one rollout that met it. */
export function blamesMachine(code: string): boolean {
  return actionFor(code) === 'gate' || /^(stack|store|policy|cluster)\./.test(code) || code === 'gateway.overloaded';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/**
 * The code of a job that ended, by its exit code: the job contract's own, and those of a process that was stopped from
 * outside, which is nobody's verdict on the job. An exit with 0 but without a result is a failure like any other.
 */
export function codeOfExit(exitCode: number): ErrorCode {
  return EXIT_CODES.get(exitCode) ?? 'job.failed';
}

const EXIT_CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [JOB_EXIT.configuration, 'job.configuration'],
  [JOB_EXIT.accelerator, 'job.accelerator'],
  [JOB_EXIT.noSpace, 'job.no_space'],
  [JOB_EXIT.checkpointed, 'job.interrupted'],
  [128 + 9, 'job.interrupted'],
  [128 + 15, 'job.interrupted'],
]);

/** The code of a job that a cluster stopped, where that says more than the exit code; else that of the exit code. */
export function codeOfStop(exitCode: number, cause: StopCause | undefined): ErrorCode {
  return (cause === undefined ? undefined : STOP_CODES[cause]) ?? codeOfExit(exitCode);
}

const STOP_CODES: Readonly<Record<StopCause, ErrorCode | undefined>> = {
  exited: undefined,
  out_of_memory: 'job.out_of_memory',
  image: 'job.image',
  unschedulable: 'job.unschedulable',
  not_admitted: 'job.unschedulable',
  // The cluster's doing, not the job's: it goes on from its checkpoint, elsewhere.
  preempted: 'job.interrupted',
  evicted: 'job.interrupted',
  node_lost: 'job.interrupted',
  // The next attempt begins by removing the object that holds it.
  stuck_quota: 'job.interrupted',
  store_unreachable: 'job.interrupted',
  vanished: 'job.interrupted',
};

/** After so many retries in a row another one is no longer advised: an unattended run follows the advice and must end. */
export const ADVISED_RETRIES = 2;

/**
 * What a human is advised when a stage has failed for good: another try where that alone may help, the end where something
 * must be changed first.
 */
export function adviseAfterFailure(code: string, retriesBefore: number): 'retry' | 'abort' {
  // A broken node is the one failure that is not repeated blindly although nothing about the campaign need change.
  const mayPass = actionFor(code) === 'retry' || code === 'job.accelerator';
  return mayPass && retriesBefore < ADVISED_RETRIES ? 'retry' : 'abort';
}

/** The shape of Temporal's RetryPolicy, as data: policies do not import Temporal. Intervals in milliseconds. */
export interface RetryOptions {
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumInterval: number;
  readonly maximumAttempts: number;
}

const options = (initialInterval: number, maximumInterval: number, maximumAttempts: number): RetryOptions => ({
  initialInterval,
  backoffCoefficient: 2,
  maximumInterval,
  maximumAttempts,
});

/** How often and how long apart Temporal repeats what may be repeated. */
export const RETRY_OPTIONS = {
  /** Store, pool and identity calls: short waits, about 45 seconds in all. */
  quick: options(200, 10_000, 10),
  /** One rollout or grading: a restart of gateway, policy server or sandbox must fit in (about 105 seconds). */
  rollout: options(500, 15_000, 12),
  /** Long activities that resume where they stopped (training, construction): few attempts, long waits (about five minutes). */
  patient: options(2_000, 60_000, 10),
  /** A job: on a full cluster it may lose its place many times. What ends by itself is given up sooner (job-effort.ts). */
  job: options(2_000, 60_000, 100),
} as const satisfies Record<string, RetryOptions>;
