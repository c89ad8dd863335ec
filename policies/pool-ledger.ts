// The data pool's own account: every requested rollout is in exactly one state, with the reason, from its records alone. The
// conservation check (conservation.ts) holds it against the workflow's plans, the batches' accounts and the trainers' results.
import type { CompletionId, RolloutId } from '../contracts/ids.ts';
import { type CompletionRecord, TRAINABLE, type Trajectory } from '../contracts/trajectory.ts';
import { comparedWith, type Signal, silentBy } from './advantage.ts';

/**
 * trainable: its outcome trains, every completion is token-exact, and its reward is a signal: it differs from the mean that it is compared
 * with, or reaches the filter;
 * masked: recorded, but must not train;
 * cancelled: recorded as cancelled;
 * ungraded: completions but no trajectory, so that a crash between the two is visible;
 * absent: nothing is known of it.
 */
export type LedgerState = 'trainable' | 'masked' | 'cancelled' | 'ungraded' | 'absent';

export interface LedgerLine {
  readonly rollout: RolloutId;
  readonly state: LedgerState;
  /**
   * An outcome, `text_only`, `other_weights`, `no_completion`, `no_reward`, `zero_advantage`, `below_filter`, `completion_missing`,
   * `completion_failed`, `no_trajectory`, `no_record`; `records_lost`: what is missing went with a gateway's volume (volume-losses.ts).
   */
  readonly reason: string;
}

export interface PoolLedger {
  /** One line for each requested id, in the order of the request. */
  readonly lines: readonly LedgerLine[];
  readonly counts: Readonly<Record<LedgerState, number>>;
  /** Ids requested more than once, with more than one trajectory, or with two usable completions for one request. */
  readonly duplicates: readonly string[];
  /** Rollouts that have records but were not requested. */
  readonly strangers: readonly RolloutId[];
}

/** `tokens`: completion tokens. */
export type PoolCompletion = Pick<CompletionRecord, 'id' | 'rollout' | 'index' | 'fidelity' | 'finish'> & {
  readonly tokens: number;
  /** See `hasForeignWeights` (answered-by.ts). */
  readonly otherWeights?: boolean;
};
/** `reward`: its total, when the verifier gave one. */
export type PoolTrajectory = Pick<Trajectory, 'rollout' | 'outcome' | 'completions'> & {
  readonly reward: number | undefined;
};

export function poolLedger(
  requestedIds: readonly RolloutId[],
  trajectories: readonly PoolTrajectory[],
  completions: readonly PoolCompletion[],
  signal: Signal,
  lost: ReadonlySet<RolloutId> = new Set(),
): PoolLedger {
  const requested = new Set(requestedIds);
  const byRollout = new Map(trajectories.map((one) => [one.rollout, one]));
  const byId = new Map(completions.map((one) => [one.id, one]));
  const completed = new Set(completions.map((one) => one.rollout));
  const answered = completions.filter(isUsable).map((one) => `${one.rollout}/c${one.index}`);
  const judged = [...requested].map((rollout): LedgerLine => {
    const line = judge(byRollout.get(rollout), completed.has(rollout), byId);
    const isMissing = line.reason === 'completion_missing' || line.state === 'absent' || line.state === 'ungraded';
    return { rollout, ...line, ...(isMissing && lost.has(rollout) ? { reason: 'records_lost' } : {}) };
  });
  const lines = withoutSignal(judged, (rollout) => byRollout.get(rollout)?.reward ?? 0, signal);
  const counts: Record<LedgerState, number> = { trainable: 0, masked: 0, cancelled: 0, ungraded: 0, absent: 0 };
  for (const line of lines) counts[line.state] += 1;
  return {
    lines,
    counts,
    duplicates: [
      ...repeated(requestedIds),
      ...repeated(trajectories.map((one) => one.rollout)),
      ...repeated(answered),
      ...repeated(completions.map((one) => one.id)),
    ],
    strangers: [...new Set([...byRollout.keys(), ...completed])].filter((id) => !requested.has(id)).sort(),
  };
}

function judge(
  trajectory: PoolTrajectory | undefined,
  hasCompletions: boolean,
  byId: ReadonlyMap<CompletionId, PoolCompletion>,
): Omit<LedgerLine, 'rollout'> {
  if (trajectory === undefined) {
    return hasCompletions ? { state: 'ungraded', reason: 'no_trajectory' } : { state: 'absent', reason: 'no_record' };
  }
  const { outcome, completions, reward } = trajectory;
  const masked = (reason: string) => ({ state: 'masked' as const, reason });
  if (outcome === 'cancelled') return { state: 'cancelled', reason: outcome };
  if (!TRAINABLE.has(outcome)) return masked(outcome);
  if (completions.length === 0) return masked('no_completion');
  const named = completions.map((id) => byId.get(id));
  const known = named.filter((one) => one !== undefined);
  if (known.length < named.length || known.some((one) => one.rollout !== trajectory.rollout))
    return masked('completion_missing');
  if (!known.every(isUsable)) return masked('completion_failed');
  if (known.some((one) => one.fidelity !== 'token-exact')) return masked('text_only');
  if (known.some((one) => one.tokens < 1)) return masked('no_completion');
  if (known.some((one) => one.otherWeights === true)) return masked('other_weights');
  if (reward === undefined || !Number.isFinite(reward)) return masked('no_reward');
  return { state: 'trainable', reason: outcome };
}

/** Rewards are sums of a few components of order 1; a difference below this is rounding, not a signal. */
const RESIDUE = 1e-12;

/** What earned exactly the mean that it is compared with has no gradient. Reckoned here from the records, not taken from the batch's account. */
function withoutSignal(
  lines: readonly LedgerLine[],
  rewardOf: (rollout: RolloutId) => number,
  signal: Signal,
): LedgerLine[] {
  const silent = { state: 'masked' as const, reason: silentBy(signal) };
  if (signal.by === 'filter')
    return lines.map((line) =>
      line.state === 'trainable' && rewardOf(line.rollout) < signal.minReward ? { ...line, ...silent } : line,
    );
  const groupOf = (rollout: RolloutId): string => comparedWith(rollout, signal);
  const sums = new Map<string, { total: number; count: number }>();
  for (const { rollout, state } of lines) {
    if (state !== 'trainable') continue;
    const sum = sums.get(groupOf(rollout)) ?? { total: 0, count: 0 };
    sums.set(groupOf(rollout), { total: sum.total + rewardOf(rollout), count: sum.count + 1 });
  }
  return lines.map((line) => {
    const sum = sums.get(groupOf(line.rollout));
    if (line.state !== 'trainable' || sum === undefined) return line;
    const distance = Math.abs(rewardOf(line.rollout) - sum.total / sum.count);
    return distance < RESIDUE ? { ...line, ...silent } : line;
  });
}

function isUsable(one: PoolCompletion): boolean {
  return one.finish === 'stop' || one.finish === 'length';
}

function repeated(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(ids.filter((id) => seen.size === seen.add(id).size))];
}
