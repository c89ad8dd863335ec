// How far what a round trained on is the same tokens again, and why the rest is not: for the report.
import { z } from 'zod';
import type { RolloutId } from '../contracts/ids.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import type { MergedRound, RoundRecord } from '../contracts/record.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { groupOf } from '../policies/advantage.ts';
import { historyOf } from '../policies/history.ts';
import { savings } from '../policies/merging.ts';
import type { Documents } from './read.ts';

/** A line of a batch's account. */
const accounted = z.looseObject({ id: z.string(), state: z.string() });

/**
 * Of rounds that trained on rollouts of several completions; round by round, since a campaign's token ids may not fit into memory. Rounds that
 * it comes to after so many milliseconds are left out: a report is not to wait for this.
 */
export async function mergedRounds(
  {
    gateway,
    documents,
  }: { gateway: Pick<ModelGateway, 'completions' | 'operations'>; documents: Pick<Documents, 'read'> },
  rounds: readonly Pick<RoundRecord, 'round' | 'account'>[],
  trajectories: readonly Trajectory[],
  withinMs = Number.POSITIVE_INFINITY,
): Promise<MergedRound[]> {
  const several = new Set(
    trajectories.filter((one) => one.completions.length > 1).map(({ rollout }): string => rollout),
  );
  if (several.size === 0) return [];
  const byRollout = new Map(trajectories.map((one): [string, Trajectory] => [one.rollout, one]));
  const until = performance.now() + withinMs;
  const found: MergedRound[] = [];
  for (const { round, account } of rounds) {
    if (performance.now() > until) break;
    const batch = (await documents.read(z.array(accounted), account)).filter(({ state }) => state === 'train');
    if (!batch.some(({ id }) => several.has(id))) continue;
    const trained = batch.flatMap(({ id }) => byRollout.get(id) ?? []);
    found.push({ round, ...(await merged(trained)) });
  }
  return found;

  async function merged(trained: readonly Trajectory[]): Promise<Omit<MergedRound, 'round'>> {
    const prefixes = [...new Set(trained.map(({ rollout }) => `${groupOf(rollout)}/`))];
    const completions = new Map<RolloutId, CompletionRecord[]>();
    const operations: Awaited<ReturnType<ModelGateway['operations']>> = [];
    for (const prefix of prefixes) {
      for (const one of await gateway.completions(prefix))
        completions.set(one.rollout, [...(completions.get(one.rollout) ?? []), one]);
      operations.push(...(await gateway.operations(prefix)));
    }
    const histories = trained.map(({ rollout, completions: named }) =>
      historyOf(
        (completions.get(rollout) ?? []).filter(({ id }) => named.includes(id)),
        operations.filter((one) => one.rollout === rollout),
      ),
    );
    return {
      rollouts: trained.length,
      completions: histories.reduce((sum, { said }) => sum + said.length, 0),
      ...savings(histories),
    };
  }
}
