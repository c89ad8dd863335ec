// The pool's own account: every requested rollout is in exactly one state, with the reason. The campaign's conservation check
// (policies/conservation.ts) compares this side with the workflow's and the trainers'.
import type { CompletionId, RolloutId } from '../../contracts/ids.ts';
import { type CompletionRecord, TRAINABLE, type Trajectory } from '../../contracts/trajectory.ts';

/**
 * trainable: its outcome trains and every completion is token-exact;
 * masked: recorded, but must not train;
 * cancelled: recorded as cancelled;
 * ungraded: completions but no trajectory, so that a crash between the two is visible;
 * absent: nothing is known of it.
 */
export type LedgerState = 'trainable' | 'masked' | 'cancelled' | 'ungraded' | 'absent';

export interface LedgerLine {
  readonly rollout: RolloutId;
  readonly state: LedgerState;
  /** An outcome, `text_only`, `no_completion`, `completion_missing`, `completion_failed`, `no_trajectory`, `no_record`. */
  readonly reason: string;
}

export interface Ledger {
  /** One line for each requested id, in the order of the request. */
  readonly lines: readonly LedgerLine[];
  readonly counts: Readonly<Record<LedgerState, number>>;
  /** Ids requested more than once, with more than one trajectory, or with two usable completions for one request. */
  readonly duplicates: readonly string[];
  /** Rollouts that have records but were not requested. */
  readonly strangers: readonly RolloutId[];
}

type KnownCompletion = Pick<CompletionRecord, 'id' | 'rollout' | 'index' | 'fidelity' | 'finish'>;
type KnownTrajectory = Pick<Trajectory, 'rollout' | 'outcome' | 'completions'>;

export function ledger(
  requestedIds: readonly RolloutId[],
  trajectories: readonly KnownTrajectory[],
  completions: readonly KnownCompletion[],
): Ledger {
  const requested = new Set(requestedIds);
  const byRollout = new Map(trajectories.map((one) => [one.rollout, one]));
  const byId = new Map(completions.map((one) => [one.id, one]));
  const completed = new Set(completions.map((one) => one.rollout));
  const answered = completions.filter(isUsable).map((one) => `${one.rollout}/c${one.index}`);
  const counts: Record<LedgerState, number> = { trainable: 0, masked: 0, cancelled: 0, ungraded: 0, absent: 0 };
  const lines = [...requested].map((rollout): LedgerLine => {
    const line = { rollout, ...judge(byRollout.get(rollout), completed.has(rollout), byId) };
    counts[line.state] += 1;
    return line;
  });
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
  trajectory: KnownTrajectory | undefined,
  hasCompletions: boolean,
  byId: ReadonlyMap<CompletionId, KnownCompletion>,
): Omit<LedgerLine, 'rollout'> {
  if (trajectory === undefined) {
    return hasCompletions ? { state: 'ungraded', reason: 'no_trajectory' } : { state: 'absent', reason: 'no_record' };
  }
  const { outcome, completions } = trajectory;
  if (outcome === 'cancelled') return { state: 'cancelled', reason: outcome };
  if (!TRAINABLE.has(outcome)) return { state: 'masked', reason: outcome };
  if (completions.length === 0) return { state: 'masked', reason: 'no_completion' };
  const named = completions.map((id) => byId.get(id));
  if (named.some((one) => one === undefined || one.rollout !== trajectory.rollout)) {
    return { state: 'masked', reason: 'completion_missing' };
  }
  if (named.some((one) => one !== undefined && !isUsable(one))) return { state: 'masked', reason: 'completion_failed' };
  if (named.some((one) => one?.fidelity !== 'token-exact')) return { state: 'masked', reason: 'text_only' };
  return { state: 'trainable', reason: outcome };
}

function isUsable(one: KnownCompletion): boolean {
  return one.finish === 'stop' || one.finish === 'length';
}

function repeated(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(ids.filter((id) => seen.size === seen.add(id).size))];
}
