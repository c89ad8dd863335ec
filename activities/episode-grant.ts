// What one attempt at a rollout of several steps may ask of the gateway: its own bounds beside what attempts before it have used. Pure.
import type { Grant } from '../contracts/agent-ports.ts';
import type { EpisodeHarness } from '../contracts/harness.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import { MOST_OPERATIONS } from '../contracts/session.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';

export type Bounds = Pick<Grant, 'maxRequests' | 'maxTokens' | 'loops' | 'versions'> & {
  /** Of the attempt. */
  readonly seconds?: number;
};

/** As the campaign sets them. */
export function boundsOf({ harness, purpose }: Pick<RolloutPlan, 'harness' | 'purpose'>, of: EpisodeHarness): Bounds {
  const { loops = of.kind === 'tool-loop' ? 'warn' : undefined, maxSeconds, versions } = harness.session ?? {};
  const { maxTokens } = of.kind === 'process' ? of.process : of.loop;
  return {
    maxTokens,
    maxRequests: of.kind === 'process' ? of.process.maxRequests : 10 * of.loop.maxTurns,
    ...(maxSeconds === undefined ? {} : { seconds: maxSeconds }),
    ...(loops === undefined ? {} : { loops }),
    // What is measured is measured of one version.
    ...(versions === undefined || purpose !== 'train' ? {} : { versions }),
  };
}

/** Of the rollout, whichever attempt left it. */
export interface Before {
  readonly records: readonly CompletionRecord[];
  /** How many, on contexts. */
  readonly operations: number;
}

export function grantedBeside(
  { records, operations }: Before,
  { maxRequests, maxTokens, seconds, ...bounds }: Bounds,
  now = Date.now(),
): Omit<Bounds, 'seconds'> & Pick<Grant, 'attempt' | 'maxSeconds' | 'maxOperations'> {
  const used = records.filter(isUsable);
  const attempts = records.map(({ turn }) => turn?.session?.attempt ?? 0);
  const began = Math.min(now, ...records.map(({ startedAt }) => Date.parse(startedAt)));
  return {
    ...bounds,
    attempt: Math.min(LAST_ATTEMPT, Math.max(-1, ...attempts) + 1),
    maxRequests: used.length + maxRequests,
    maxTokens: used.reduce((sum, one) => sum + one.completionIds.length, 0) + maxTokens,
    // Time runs from the rollout's first request on, whoever made it.
    ...(seconds === undefined ? {} : { maxSeconds: (now - began) / 1_000 + seconds }),
    ...(operations === 0 ? {} : { maxOperations: operations + MOST_OPERATIONS }),
  };
}

/** What a session has room for. */
const LAST_ATTEMPT = 9_999;

export const isUsable = ({ finish }: Pick<CompletionRecord, 'finish'>): boolean =>
  finish === 'stop' || finish === 'length';
