// What is in the tables, counted: by campaign and round, and of one rollout.

import { completionOf } from './completion-row.ts';
import { quoted } from './duck.ts';
import { asText, type PoolTables } from './open.ts';
import { jsonOf, textOf } from './row.ts';
import { TABLES } from './schema.ts';
import { trajectoryOf } from './trajectory-row.ts';

export interface RoundOverview {
  readonly campaign: string;
  readonly round: number;
  readonly rollouts: number;
  readonly completions: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Rollouts by outcome; those without a trajectory are in none. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly meanReward: number | null;
}

export async function overview(tables: PoolTables, campaign?: string): Promise<RoundOverview[]> {
  const where = campaign === undefined ? 'true' : `campaign = ${quoted(campaign)}`;
  const sql = `
    WITH answered AS (
      SELECT campaign, round, count(*) AS completions, sum(len("promptIds")) AS prompts, sum(len("completionIds")) AS answers
      FROM completions WHERE ${where} GROUP BY ALL),
    ended AS (
      SELECT campaign, round, map_from_entries(list((outcome, n) ORDER BY outcome)) AS outcomes, sum(rewards) / nullif(sum(rewarded), 0) AS mean
      FROM (SELECT campaign, round, outcome, count(*) AS n, sum(reward) AS rewards, count(reward) AS rewarded
            FROM trajectories WHERE ${where} GROUP BY ALL) GROUP BY ALL),
    known AS (
      SELECT campaign, round, count(*) AS rollouts FROM (
        SELECT campaign, round, rollout FROM completions WHERE ${where} UNION SELECT campaign, round, rollout FROM trajectories WHERE ${where})
      GROUP BY ALL)
    SELECT campaign, round::INTEGER AS round, rollouts::VARCHAR AS rollouts, coalesce(completions, 0)::VARCHAR AS completions,
      coalesce(prompts, 0)::VARCHAR AS prompts, coalesce(answers, 0)::VARCHAR AS answers, to_json(outcomes)::VARCHAR AS outcomes, mean
    FROM known LEFT JOIN answered USING (campaign, round) LEFT JOIN ended USING (campaign, round) ORDER BY campaign, round`;
  const found: RoundOverview[] = [];
  for await (const row of tables.duck.objects(sql))
    found.push({
      ...{ campaign: String(row.campaign), round: Number(row.round), rollouts: Number(row.rollouts) },
      ...{ completions: Number(row.completions), promptTokens: Number(row.prompts) },
      completionTokens: Number(row.answers),
      outcomes: row.outcomes === null ? {} : (JSON.parse(String(row.outcomes)) as Record<string, number>),
      meanReward: row.mean === null ? null : Number(row.mean),
    });
  return found;
}

export interface StoredRollout {
  readonly rollout: string;
  readonly completions: readonly Readonly<Record<string, unknown>>[];
  readonly trajectory: Readonly<Record<string, unknown>> | null;
}

/** Everything of one rollout; undefined where nothing is. */
export async function storedRollout(tables: PoolTables, rollout: string): Promise<StoredRollout | undefined> {
  const where = `rollout = ${quoted(rollout)}`;
  const completions: {
    readonly index: number;
    readonly attempt: number;
    readonly record: StoredRollout['trajectory'];
  }[] = [];
  for await (const row of tables.duck.rows(`SELECT ${asText(TABLES.completions)} FROM completions WHERE ${where}`))
    completions.push({
      ...{ index: Number(jsonOf(row, 'index')), attempt: Number(textOf(row, 'attempt')) },
      record: completionOf(row),
    });
  completions.sort((a, b) => a.index - b.index || a.attempt - b.attempt);
  let trajectory: StoredRollout['trajectory'] = null;
  for await (const row of tables.duck.rows(`SELECT ${asText(TABLES.trajectories)} FROM trajectories WHERE ${where}`))
    trajectory = trajectoryOf(row);
  if (completions.length === 0 && trajectory === null) return undefined;
  return { rollout, completions: completions.map(({ record }) => record ?? {}), trajectory };
}
