// The edge between activities and Temporal: our errors become ApplicationFailures with a stable type.
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { AnnealError, type Problem } from '../contracts/errors.ts';
import { actionFor } from '../policies/retry.ts';

/** Their own heartbeats carry their progress; one of ours would hide it. */
const TELL_PROGRESS: ReadonlySet<string> = new Set([
  ...['runJob', 'buildTaskSet'],
  ...['openServers', 'servePolicy', 'restServers'],
]);
const BEAT_MS = 3_000;

/**
 * Wraps every activity of a factory.
 * - An AnnealError crosses as `ApplicationFailure{type: code}`, non-retryable unless the retry policy has it repeated.
 *   Anything else (cancellation too) passes unchanged.
 * - It beats while it runs: a worker that was killed is then missed after the workflows' heartbeat timeout of 15 seconds,
 *   not after the minutes that its activity might have taken.
 */
export function atBoundary<A extends object>(activities: A): A {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...input: unknown[]) => {
      const beat = TELL_PROGRESS.has(name) ? undefined : setInterval(() => heartbeat(), BEAT_MS);
      try {
        return await activity(...input);
      } catch (failure) {
        throw crossing(failure);
      } finally {
        clearInterval(beat);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}

function crossing(failure: unknown): unknown {
  if (!(failure instanceof AnnealError)) {
    // A zod error means that our own data is malformed: trying again cannot help.
    if (failure instanceof Error && failure.name === 'ZodError') {
      return ApplicationFailure.create({ type: 'internal.bug', message: failure.message, nonRetryable: true });
    }
    return failure;
  }
  const { code, message, problems } = failure;
  const logTail = failure instanceof JobFailure ? failure.logTail : problems.map(sentenceOf);
  const nonRetryable = actionFor(code) !== 'retry';
  return ApplicationFailure.create({ type: code, message, nonRetryable, details: [{ logTail }] });
}

const sentenceOf = ({ path, expected, got, hint }: Problem): string =>
  `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}. ${hint}`;

/** A job's failure, with the last lines of its log for the human who decides. */
export class JobFailure extends AnnealError {
  readonly logTail: readonly string[];
  constructor(code: AnnealError['code'], message: string, logTail: readonly string[]) {
    super(code, message);
    this.logTail = logTail;
  }
}
