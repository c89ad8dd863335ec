// From graded rollouts to training samples: which rollouts train, with which advantage, and why the others do not.
import type { CampaignSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { RolloutId } from '../contracts/ids.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { LedgerCounts } from '../contracts/record.ts';
import { type CompletionRecord, type Outcome, TRAINABLE } from '../contracts/trajectory.ts';

/**
 * What a reward is compared with. group: the mean of its group. round: the mean and the deviation of all of a round's rewards
 * (REINFORCE++, arXiv 2501.03262). filter: a bound; what reaches it is imitated.
 */
export type Signal =
  | { readonly by: 'group'; readonly divided: boolean }
  | { readonly by: 'round' }
  | { readonly by: 'filter'; readonly minReward: number };

export function signalOf({ algorithm, advantage, minReward }: CampaignSpec['training']): Signal {
  if (algorithm === 'sft') return { by: 'filter', minReward: minReward ?? 0 };
  return advantage === 'round' ? { by: 'round' } : { by: 'group', divided: advantage === 'mean-std' };
}

/**
 * Advantage of each reward over those it is compared with.
 *
 * r_i − mean(r); divided: (r_i − mean(r)) / std(r), the population deviation (GRPO, arXiv 2402.03300 eq. 3).
 * Equal rewards, and fewer than two, give exact zeros: there is nothing to compare with, and a rounding
 * residue must not pass for a signal. Same length and order as the input.
 */
export function advantagesOf(rewards: readonly number[], divided: boolean): number[] {
  const first = rewards[0];
  if (first === undefined || rewards.every((reward) => reward === first)) return rewards.map(() => 0);
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const centred = rewards.map((reward) => reward - mean);
  if (!divided) return centred.map(dropResidue);
  const deviation = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / rewards.length);
  return centred.map((value) => dropResidue(value / deviation));
}

/** Rewards are sums of a few components of order 1; anything this small is rounding. */
const RESIDUE = 1e-12;
const dropResidue = (value: number): number => (Math.abs(value) < RESIDUE ? 0 : value);

/** What is known of one rollout when a batch is assembled. */
export interface GradedRollout {
  readonly rollout: RolloutId;
  readonly outcome: Outcome;
  /** The reward's total, when the verifier gave one. */
  readonly reward: number | undefined;
  /** The weakest fidelity among its completions; undefined when none is recorded. */
  readonly fidelity: 'token-exact' | 'text-only' | undefined;
  /** Sampled with other weights than the plan's, or with weights that are not known. */
  readonly otherWeights?: boolean;
  /** Of several completions the one with the fewest. */
  readonly completionTokens: number;
}

export const MASK_REASONS = [
  'zero_advantage',
  'below_filter',
  'infrastructure_failure',
  'verifier_failure',
  'integrity_alarm',
  'unknown',
  'text_only',
  'other_weights',
  'no_completion',
  'no_reward',
  'no_trajectory',
] as const;
export type MaskReason = (typeof MASK_REASONS)[number];

export type Sample =
  | { readonly id: RolloutId; readonly group: string; readonly state: 'train'; advantage: number; reward: number }
  | { readonly id: RolloutId; readonly group: string; readonly state: 'masked'; readonly reason: MaskReason }
  | { readonly id: RolloutId; readonly group: string; readonly state: 'cancelled' };

export interface AssembledSamples {
  /** One for each planned id, in the plan's order. */
  readonly samples: Sample[];
  readonly ledger: LedgerCounts;
  /** Graded rollouts that nobody planned; they are left out of everything, and a caller should ask why they exist. */
  readonly strangers: RolloutId[];
}

/**
 * Decides the state of every planned rollout. `trained + Σ masked + cancelled = requested`, always.
 *
 * The baseline of a group is the mean over its *valid* rollouts: success or policy failure, token-exact, with a reward.
 * An infrastructure failure is not a reward of 0, so masked rollouts leave the baseline untouched. Valid rollouts whose
 * advantage is 0 belong to the baseline but have no gradient; they are masked as `zero_advantage`, or as `below_filter` where a filter
 * chooses what is trained on.
 * @throws AnnealError `internal.bug` when an id is planned or graded twice
 */
export function assembleSamples(input: {
  readonly planned: readonly RolloutId[];
  readonly graded: readonly GradedRollout[];
  readonly signal: Signal;
}): AssembledSamples {
  const graded = uniqueBy(input.graded, (rollout) => rollout.rollout, 'graded');
  const planned = uniqueBy(input.planned, (id) => id, 'planned');

  const states = new Map<RolloutId, MaskReason | 'cancelled' | { readonly reward: number }>();
  const compared = new Map<string, { id: RolloutId; reward: number }[]>();
  for (const id of input.planned) {
    const state = stateOf(graded.get(id));
    states.set(id, state);
    if (typeof state !== 'object') continue;
    const key = comparedWith(id, input.signal);
    const members = compared.get(key) ?? [];
    members.push({ id, reward: state.reward });
    compared.set(key, members);
  }

  const advantages = new Map<RolloutId, number>();
  for (const members of compared.values()) {
    const values = signalsOf(
      members.map((member) => member.reward),
      input.signal,
    );
    members.forEach((member, index) => {
      advantages.set(member.id, values[index] ?? 0);
    });
  }

  const samples = input.planned.map((id): Sample => {
    const state = states.get(id) ?? 'no_trajectory';
    const group = groupOf(id);
    if (state === 'cancelled') return { id, group, state };
    if (typeof state === 'string') return { id, group, state: 'masked', reason: state };
    const advantage = advantages.get(id) ?? 0;
    if (advantage === 0) return { id, group, state: 'masked', reason: silentBy(input.signal) };
    return { id, group, state: 'train', advantage, reward: state.reward };
  });
  const strangers = [...graded.keys()].filter((id) => !planned.has(id));
  return { samples, ledger: countStates(samples), strangers };
}

/** Servers of whole models name their weights; one that was half updated, or restarted, must not be trained on. */
export function hasOtherWeights(
  planned: Pick<PolicyVersion, 'weights'>,
  completion: Pick<CompletionRecord, 'weights'> | undefined,
): boolean {
  return planned.weights !== undefined && completion?.weights !== planned.weights.tag;
}

/** `quickstart/r1/train.v0/g3/s5` → `quickstart/r1/train.v0/g3`. */
export function groupOf(id: RolloutId): string {
  return id.replace(/\/s\d+$/, '');
}

/** `quickstart/r1/train.v0/g3/s5` → what its reward is compared with: its group, or its round. */
export const comparedWith = (id: RolloutId, { by }: Signal): string =>
  by === 'group' ? groupOf(id) : id.split('/').slice(0, 3).join('/');

/** Why a valid rollout does not train. */
export const silentBy = ({ by }: Signal): 'zero_advantage' | 'below_filter' =>
  by === 'filter' ? 'below_filter' : 'zero_advantage';

function signalsOf(rewards: readonly number[], signal: Signal): number[] {
  if (signal.by === 'filter') return rewards.map((reward) => (reward >= signal.minReward ? 1 : 0));
  return advantagesOf(rewards, signal.by === 'round' || signal.divided);
}

function stateOf(rollout: GradedRollout | undefined): MaskReason | 'cancelled' | { readonly reward: number } {
  if (rollout === undefined) return 'no_trajectory';
  if (!TRAINABLE.has(rollout.outcome)) {
    // The outcomes that do not train are themselves the reasons; the set above only tests membership.
    return rollout.outcome as Exclude<Outcome, 'success' | 'policy_failure'>;
  }
  if (rollout.fidelity === undefined) return 'no_completion';
  // Of a server that tells no tokens there are none: that is the reason, not that nothing was said.
  if (rollout.fidelity === 'text-only') return 'text_only';
  if (rollout.completionTokens < 1) return 'no_completion';
  if (rollout.otherWeights === true) return 'other_weights';
  if (rollout.reward === undefined || !Number.isFinite(rollout.reward)) return 'no_reward';
  return { reward: rollout.reward };
}

function countStates(samples: readonly Sample[]): LedgerCounts {
  const ledger: LedgerCounts = { requested: samples.length, trained: 0, masked: {}, cancelled: 0 };
  for (const sample of samples) {
    if (sample.state === 'train') ledger.trained += 1;
    else if (sample.state === 'cancelled') ledger.cancelled += 1;
    else ledger.masked[sample.reason] = (ledger.masked[sample.reason] ?? 0) + 1;
  }
  return ledger;
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => RolloutId, what: string): Map<RolloutId, T> {
  const byKey = new Map<RolloutId, T>();
  for (const item of items) {
    if (byKey.has(key(item))) throw new AnnealError('internal.bug', `rollout ${key(item)} is ${what} twice`);
    byKey.set(key(item), item);
  }
  return byKey;
}
