// The conservation ledger from the tables: every rollout that was requested has exactly one end, with its reason.
import type { RolloutId } from '../../../contracts/ids.ts';
import type { RolloutPlan } from '../../../contracts/plan.ts';
import type { CompletionRecord } from '../../../contracts/trajectory.ts';
import { groupOf, type Signal } from '../../../policies/advantage.ts';
import { hasForeignWeights, type VersionsOfPlan } from '../../../policies/answered-by.ts';
import { samplerOf } from '../../../policies/batch.ts';
import { type ByGroup, isByGroup, placesOf } from '../../../policies/plan-groups.ts';
import {
  type PoolCompletion,
  type PoolLedger,
  type PoolTrajectory,
  poolLedger,
} from '../../../policies/pool-ledger.ts';
import { quoted } from './duck.ts';
import { type PoolTables, within } from './open.ts';
import { maybeText, type StoredRow, textOf } from './row.ts';

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
  const { campaign, round } = plan;
  const groups = placesOf(plan);
  if (!isByGroup(plan)) return `${within({ campaign, round })} AND starts_with(rollout, ${quoted(`${groups[0]}/`)})`;
  const rounds = [...new Set(groups.map((group) => Number(/\/r(\d+)\//.exec(group)?.[1])))];
  const ofGroups = `regexp_replace(rollout, '/s[0-9]+$', '') IN (${groups.map(quoted).join(', ')})`;
  return `${within({ campaign })} AND round IN (${rounds.join(', ')}) AND ${ofGroups}`;
}

export interface CampaignLedgers {
  /** One for each plan, in their order. */
  readonly ledgers: readonly PlanLedger[];
  /** Rollouts that have records where no plan has any. */
  readonly strangers: readonly string[];
}

/**
 * Of what the plans of one campaign asked for, in one pass over its rows, however many plans there are. Memory: the rollouts of the plans that
 * lie at one place of the order, without their tokens.
 */
export async function ledgersOf(
  tables: PoolTables,
  campaign: string,
  plans: readonly Planned[],
  signal: Signal,
): Promise<CampaignLedgers> {
  const byPlace = Map.groupBy(
    plans.flatMap((plan, at) => placesOf(plan).map((place) => ({ place, at }))),
    ({ place }) => place,
  );
  const ends = plans.map((plan) => placesOf(plan).map(behind).sort().at(-1) ?? '');
  const ledgers = new Map<number, PlanLedger>();
  const open = new Map<number, Taken>();
  const strangers = new Set<string>();

  function close(at: number): void {
    const plan = plans[at]!;
    const { trajectories, completions } = open.get(at) ?? NOTHING;
    open.delete(at);
    const requested = plan.rollouts.map(({ id }) => id);
    ledgers.set(at, named(plan, poolLedger(requested, trajectories, completions, signal), true));
  }

  for await (const row of inOrder(tables, campaign)) {
    const rollout = textOf(row, 'rollout') as RolloutId;
    for (const at of [...open.keys()]) if (rollout >= ends[at]!) close(at);
    const group = groupOf(rollout);
    const found = [group, group.slice(0, group.lastIndexOf('/'))].flatMap((place) => byPlace.get(place) ?? []);
    // A trajectory says itself of which round it is.
    if (found.length === 0 || !group.startsWith(`${campaign}/r${textOf(row, 'round')}/`)) {
      strangers.add(rollout);
      continue;
    }
    for (const { at } of found) {
      const taken = open.get(at) ?? { trajectories: [], completions: [] };
      open.set(at, taken);
      if (maybeText(row, 'outcome') === undefined) taken.completions.push(completionIn(row, plans[at]!));
      else taken.trajectories.push(trajectoryIn(row));
    }
  }
  for (const at of plans.keys()) if (!ledgers.has(at)) close(at);
  return { ledgers: plans.map((_, at) => ledgers.get(at)!), strangers: [...strangers] };
}

interface Taken {
  readonly trajectories: PoolTrajectory[];
  readonly completions: PoolCompletion[];
}
const NOTHING: Taken = { trajectories: [], completions: [] };

/** The first text in the order after all ids at a place. */
const behind = (place: string): string => `${place}${String.fromCharCode('/'.charCodeAt(0) + 1)}`;

/** Both tables as one, by rollout: what a ledger looks at, and none of the tokens. */
function inOrder({ duck }: PoolTables, campaign: string): AsyncGenerator<StoredRow> {
  const none = (...columns: string[]): string => columns.map((name) => `NULL::VARCHAR AS "${name}"`).join(', ');
  const told = `outcome, reward::VARCHAR AS reward, to_json(completions)::VARCHAR AS completions`;
  const said = `id, "index"::VARCHAR AS "index", policy, fidelity, finish, len("completionIds")::VARCHAR AS tokens`;
  // Of what no column holds only weights count.
  const other = `CASE WHEN contains(other, '"weights"') THEN other END AS other`;
  const of = `WHERE campaign = ${quoted(campaign)}`;
  return duck.rows(
    `SELECT * FROM (
       SELECT rollout, round::VARCHAR AS round, ${told}, ${none('id', 'index', 'policy', 'fidelity', 'finish', 'tokens', 'other')} FROM trajectories ${of}
       UNION ALL
       SELECT rollout, round::VARCHAR AS round, ${none('outcome', 'reward', 'completions')}, ${said}, ${other} FROM completions ${of}
     ) ORDER BY rollout`,
  );
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
  const plans = [...groups.values()].map(({ plan, ids }) => ({ ...plan, rollouts: ids.map((id) => ({ id })) }));
  const { ledgers } = await ledgersOf(tables, campaign, plans, signal);
  return ledgers.map((ledger) => ({ ...ledger, planned: false }));
}

function named({ campaign, round, purpose, policy }: Planned, ledger: PoolLedger, planned: boolean): PlanLedger {
  const ends = Object.values(ledger.counts).reduce((sum, n) => sum + n, 0);
  const balanced = ends === ledger.lines.length && ledger.duplicates.length === 0 && ledger.strangers.length === 0;
  return { ...{ campaign, round, purpose, policy: policy.number, planned, balanced }, ...ledger };
}

const trajectoryIn = (row: StoredRow): PoolTrajectory => ({
  rollout: textOf(row, 'rollout') as RolloutId,
  outcome: textOf(row, 'outcome') as PoolTrajectory['outcome'],
  completions: JSON.parse(textOf(row, 'completions')) as PoolTrajectory['completions'],
  reward: row.reward === null || row.reward === undefined ? undefined : Number(row.reward),
});

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
