// The whole verification: tables against segments, then the ledger of every plan.

import { closing } from '../../gateway/pool/tables/closing.ts';
import { ledgersOf, ledgersWithoutPlan, type PlanLedger } from '../../gateway/pool/tables/ledgers.ts';
import type { PoolTables } from '../../gateway/pool/tables/open.ts';
import {
  type Checked,
  campaignsIn,
  openChecked,
  type PoolProblem,
  type VerifiedTable,
  verifyTables,
} from '../../gateway/pool/tables/verify.ts';
import { type VerifiedLog, verifyOperations } from '../../gateway/pool/tables/without-table.ts';
import { type PoolLosses, poolLosses } from './losses.ts';
import type { PlannedCampaign, PoolPorts } from './ports.ts';

/** More are counted, and not kept. */
const KEPT = 1_000;

export interface VerifiedPool {
  readonly sound: boolean;
  readonly tables: readonly VerifiedTable[];
  /** What no table has: its log was read, and held against nothing. */
  readonly withoutTable: VerifiedLog;
  readonly problems: readonly PoolProblem[];
  readonly problemCount: number;
  /** A line for each rollout, with its one end and the reason. */
  readonly ledgers: readonly PlanLedger[];
  /** Rollouts of planned campaigns that none of their plans has. */
  readonly strangers: readonly string[];
  /** What of the logs is gone from the store. */
  readonly losses: PoolLosses;
}

export async function verifyPool(
  { files, source, store }: Pick<PoolPorts, 'files' | 'source' | 'store'>,
  plannedOf: (campaign: string) => Promise<PlannedCampaign>,
  { campaign, signal }: { readonly campaign: string | undefined; readonly signal: AbortSignal },
): Promise<VerifiedPool> {
  const problems: PoolProblem[] = [];
  let count = 0;
  const onProblem = (problem: PoolProblem): void => {
    count += 1;
    if (problems.length < KEPT) problems.push(problem);
  };
  return closing(await openChecked(files, { signal, onProblem }), look);

  async function look(checked: Checked): Promise<VerifiedPool> {
    const { tables, damaged } = checked;
    const verified = await verifyTables(checked, source, { signal, onProblem });
    const withoutTable = await verifyOperations(source, { signal, onProblem });
    // Rows of files that are gone or damaged cannot be counted.
    const readable = damaged.size === 0;
    const { ledgers, strangers } = readable
      ? await ledgersIn(tables, plannedOf, campaign)
      : { ledgers: [], strangers: [] };
    const unbalanced = ledgers.filter(({ balanced }) => !balanced).length;
    const problemCount = count + unbalanced + strangers.length;
    const losses = await poolLosses(store, tables);
    const told = { problems, problemCount, ledgers, strangers, losses };
    return { sound: problemCount === 0, tables: verified, withoutTable, ...told };
  }
}

async function ledgersIn(
  tables: PoolTables,
  plannedOf: (campaign: string) => Promise<PlannedCampaign>,
  only: string | undefined,
): Promise<{ ledgers: PlanLedger[]; strangers: string[] }> {
  const ledgers: PlanLedger[] = [];
  const strangers: string[] = [];
  for (const campaign of only === undefined ? await campaignsIn(tables) : [only]) {
    const { plans, signal } = await plannedOf(campaign);
    if (plans.length === 0) {
      ledgers.push(...(await ledgersWithoutPlan(tables, campaign, signal)));
      continue;
    }
    const of = await ledgersOf(tables, campaign, plans, signal);
    ledgers.push(...of.ledgers);
    strangers.push(...of.strangers);
  }
  return { ledgers, strangers };
}
