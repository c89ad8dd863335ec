// The error table: every failure a user can meet has a code, named by the boundary that was crossed, a documentation page
// (docs/errors/<code>.md), an exit code, and the action an operator takes. A boundary's codes stand in errors/<boundary>.ts.
import { z } from 'zod';
import { CAMPAIGN_ERRORS } from './errors/campaign.ts';
import { CLUSTER_ERRORS } from './errors/cluster.ts';
import { CONSOLE_ERRORS } from './errors/console.ts';
import { DECISION_ERRORS } from './errors/decision.ts';
import { type ErrorEntry, EXIT, entry } from './errors/entry.ts';
import { EXECUTION_ERRORS } from './errors/execution.ts';
import { FORGE_ERRORS } from './errors/forge.ts';
import { MERGE_ERRORS } from './errors/merge.ts';
import { POLICY_ERRORS } from './errors/policy.ts';
import { POOL_ERRORS } from './errors/pool.ts';
import { PROFILE_ERRORS } from './errors/profile.ts';
import { REPOSITORY_ERRORS } from './errors/repository.ts';
import { RESEARCH_ERRORS } from './errors/research.ts';
import { ROLLOUT_ERRORS } from './errors/rollout.ts';
import { SIGN_IN_ERRORS } from './errors/sign-in.ts';
import { SKILL_ERRORS } from './errors/skill.ts';
import { SPEC_ERRORS } from './errors/spec.ts';
import { STACK_ERRORS } from './errors/stack.ts';
import { STORE_ERRORS } from './errors/store.ts';
import { TEAM_ERRORS } from './errors/team.ts';
import { TEMPORAL_ERRORS } from './errors/temporal.ts';
import { TESTBED_ERRORS } from './errors/testbed.ts';
import { TRACKER_ERRORS } from './errors/tracker.ts';

export { EXIT };

export const ERRORS = {
  ...SPEC_ERRORS,
  ...CAMPAIGN_ERRORS,
  ...STACK_ERRORS,
  ...POLICY_ERRORS,
  ...EXECUTION_ERRORS,
  ...ROLLOUT_ERRORS,
  ...POOL_ERRORS,
  ...PROFILE_ERRORS,
  ...CLUSTER_ERRORS,
  ...STORE_ERRORS,
  ...TEMPORAL_ERRORS,
  ...TEAM_ERRORS,
  ...DECISION_ERRORS,
  ...CONSOLE_ERRORS,
  ...SIGN_IN_ERRORS,
  ...REPOSITORY_ERRORS,
  ...TRACKER_ERRORS,
  ...MERGE_ERRORS,
  ...FORGE_ERRORS,
  ...TESTBED_ERRORS,
  ...SKILL_ERRORS,
  ...RESEARCH_ERRORS,
  'diagnosis.unreadable': entry(
    'badInput',
    false,
    'None of the logs could be read',
    'Name files of text, plain or packed with gzip.',
  ),
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
