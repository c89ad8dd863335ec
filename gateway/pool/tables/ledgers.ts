// The conservation ledger from the tables: every rollout that was requested has exactly one end, with its reason.
import type { RolloutId } from '../../../contracts/ids.ts';
import type { RolloutPlan } from '../../../contracts/plan.ts';
import type { CompletionRecord } from '../../../contracts/trajectory.ts';
import { groupOf, type Signal } from '../../../policies/advantage.ts';
import { hasForeignWeights, type VersionsOfPlan } from '../../../policies/answered-by.ts';
import { samplerOf } from '../../../policies/batch.ts';
import { type ByGroup, isByGroup } from '../../../policies/plan-groups.ts';
import {
  type PoolCompletion,
  type PoolLedger,
  type PoolTrajectory,
  poolLedger,
} from '../../../policies/pool-ledger.ts';
import { quoted } from './duck.ts';
import { type PoolTables, within } from './open.ts';
import { type StoredRow, textOf } from './row.ts';

export type Planned = Pick<RolloutPlan, 'campaign' | 'round' | 'purpose'> &
  VersionsOfPlan &
  ByGroup & {
    readonly policy: Pick<RolloutPlan['policy'], 'number' | 'weights'>;
    /** The versions that its rollouts began with, besides `policy`. */
    readonly sampledBy?: readonly Planned['policy'][] | undefined;
    readonly rollouts: readonly { readonly id: RolloutId }[];
  };

export interface PlanLedger extends PoolLedger {
  readonly campaign: string;
  readonly round: number;
  readonly purpose: string;
  readonly policy: number;
  /** False: no plan is known, and what is recorded counts as requested. */
  readonly planned: boolean;
  /** One end each, nothing twice, nothing that nobody asked for. */
  readonly balanced: boolean;
}

/** SQL of where a plan's rollouts lie: below one prefix that no other plan has, or group by group. */
export function placeOf(plan: Planned): string {
  const { campaign, round, purpose, policy, rollouts } = plan;
  if (!isByGroup(plan))
    return `${within({ campaign, round })} AND starts_with(rollout, ${quoted(`${campaign}/r${round}/${purpose}.v${policy.number}/`)})`;
  const groups = [...new Set(rollouts.map(({ id }) => groupOf(id)))];
  const rounds = [...new Set(groups.map((group) => Number(/\/r(\d+)\//.exec(group)?.[1])))];
  const ofGroups = `regexp_replace(rollout, '/s[0-9]+$', '') IN (${groups.map(quoted).join(', ')})`;
  return `${within({ campaign })} AND round IN (${rounds.join(', ')}) AND ${ofGroups}`;
}

/** Of what one plan asked for. Memory: that of the plan's rollouts, without their tokens. */
export async function ledgerOf(tables: PoolTables, plan: Planned, signal: Signal): Promise<PlanLedger> {
  const where = placeOf(plan);
  const trajectories: PoolTrajectory[] = [];
  for await (const row of tables.duck.rows(
    `SELECT rollout, outcome, reward::VARCHAR AS reward, to_json(completions)::VARCHAR AS completions FROM trajectories WHERE ${where}`,
  ))
    trajectories.push({
      rollout: textOf(row, 'rollout') as RolloutId,
      outcome: textOf(row, 'outcome') as PoolTrajectory['outcome'],
      completions: JSON.parse(textOf(row, 'completions')) as PoolTrajectory['completions'],
      reward: row.reward === null || row.reward === undefined ? undefined : Number(row.reward),
    });
  const completions: PoolCompletion[] = [];
  for await (const row of tables.duck.rows(
    `SELECT id, rollout, "index"::VARCHAR AS "index", policy, fidelity, finish, len("completionIds")::VARCHAR AS tokens, other FROM completions WHERE ${where}`,
  ))
    completions.push(completionIn(row, plan));
  const ledger = poolLedger(
    plan.rollouts.map(({ id }) => id),
    trajectories,
    completions,
    signal,
  );
  return named(plan, ledger, true);
}

/** Of rollouts that no plan names: agents that bring their own, and campaigns of another home. */
export async function ledgersWithoutPlan(tables: PoolTables, campaign: string, signal: Signal): Promise<PlanLedger[]> {
  const groups = new Map<string, { plan: Omit<Planned, 'rollouts'>; ids: RolloutId[] }>();
  const sql = `SELECT DISTINCT rollout FROM (SELECT rollout, campaign FROM completions UNION ALL SELECT rollout, campaign FROM trajectories) WHERE campaign = ${quoted(campaign)} ORDER BY 1`;
  for await (const row of tables.duck.rows(sql)) {
    const id = textOf(row, 'rollout') as RolloutId;
    const [, round = '', purpose = '', version = ''] = /^[^/]+\/r(\d+)\/([a-z]+)\.v(\d+)\//.exec(id) ?? [];
    const key = `${round}/${purpose}/${version}`;
    const plan: Omit<Planned, 'rollouts'> = {
      campaign: campaign as Planned['campaign'],
      round: Number(round),
      purpose: purpose as Planned['purpose'],
      policy: { number: Number(version) },
    };
    const known = groups.get(key) ?? { plan, ids: [] };
    known.ids.push(id);
    groups.set(key, known);
  }
  const ledgers: PlanLedger[] = [];
  for (const { plan, ids } of groups.values()) {
    const ledger = await ledgerOf(tables, { ...plan, rollouts: ids.map((id) => ({ id })) }, signal);
    ledgers.push({ ...ledger, planned: false });
  }
  return ledgers;
}

/** Rollouts of a campaign that have records under a prefix that none of its plans has. */
export async function strangersTo(tables: PoolTables, campaign: string, plans: readonly Planned[]): Promise<string[]> {
  const where = [`campaign = ${quoted(campaign)}`, ...plans.map((plan) => `NOT (${placeOf(plan)})`)].join(' AND ');
  const sql = `SELECT DISTINCT rollout FROM (SELECT rollout, campaign, round FROM completions UNION ALL SELECT rollout, campaign, round FROM trajectories) WHERE ${where} ORDER BY 1`;
  const found: string[] = [];
  for await (const row of tables.duck.rows(sql)) found.push(textOf(row, 'rollout'));
  return found;
}

function named({ campaign, round, purpose, policy }: Planned, ledger: PoolLedger, planned: boolean): PlanLedger {
  const ends = Object.values(ledger.counts).reduce((sum, n) => sum + n, 0);
  const balanced = ends === ledger.lines.length && ledger.duplicates.length === 0 && ledger.strangers.length === 0;
  return { ...{ campaign, round, purpose, policy: policy.number, planned, balanced }, ...ledger };
}

function completionIn(row: StoredRow, plan: Planned): PoolCompletion {
  const other = row.other === null || row.other === undefined ? {} : (JSON.parse(row.other) as { weights?: never });
  const policy = textOf(row, 'policy') as CompletionRecord['policy'];
  const rollout = textOf(row, 'rollout') as RolloutId;
  return {
    ...{ id: textOf(row, 'id') as PoolCompletion['id'], rollout },
    index: Number(textOf(row, 'index')),
    fidelity: textOf(row, 'fidelity') as PoolCompletion['fidelity'],
    finish: textOf(row, 'finish') as PoolCompletion['finish'],
    tokens: Number(textOf(row, 'tokens')),
    otherWeights: hasForeignWeights(plan, samplerOf(plan, rollout), { policy, ...other }),
  };
}
