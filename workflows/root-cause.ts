// What a failure that crossed activities and child workflows comes down to.
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';

export function rootCause(failure: unknown): { code: string; message: string; logTail: string[] } {
  let cause = failure;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined)
    cause = cause.cause;
  if (cause instanceof TimeoutFailure)
    return { code: 'campaign.stage_timed_out', message: timeLimit(failure, cause), logTail: [] };
  if (!(cause instanceof ApplicationFailure)) return { code: 'internal.bug', message: String(cause), logTail: [] };
  const details = cause.details?.[0];
  const logTail = isLog(details) ? details.logTail : [];
  return { code: cause.type ?? 'internal.bug', message: cause.message, logTail };
}

/** For example `runJob: no answer within its start-to-close limit`. */
function timeLimit(failure: unknown, { timeoutType }: TimeoutFailure): string {
  let at = failure;
  while (at instanceof ChildWorkflowFailure) at = at.cause;
  const who = at instanceof ActivityFailure ? at.activityType : 'a part of it';
  return `${who}: no answer within its ${(timeoutType ?? 'time').toLowerCase().replaceAll('_', '-')} limit`;
}

function isLog(value: unknown): value is { logTail: string[] } {
  return typeof value === 'object' && value !== null && 'logTail' in value && Array.isArray(value.logTail);
}
