// Predictions in a CSV, from their text to the medal that they win: a function of the check and the text alone.
import { z } from 'zod';
import { broken, held, refused } from '../gates.ts';
import { parseCsv } from '../structured-data/csv.ts';
import type { Found } from '../verifier.ts';
import type { LeaderboardCheck, Metric } from './leaderboard.ts';

export const MEDALS = ['gold', 'silver', 'bronze'] as const;
/** Last digits of a mean must not decide. */
const ROUNDING = 1e-9;

export function judgePredictions(check: LeaderboardCheck, text: string): Found {
  const parsed = parseCsv(text, { delimiter: ',', types: { id: 'text', prediction: 'number' } });
  if ('why' in parsed) return refused([broken('parses', `${check.file} ${parsed.why}`)]);
  const parses = held('parses', `${check.file} is strict CSV`);
  const submitted = predictions(parsed.value, check);
  if ('why' in submitted) return refused([parses, broken('one prediction for each id', submitted.why)]);
  const score = scoreOf(
    check.metric,
    check.labels.map(({ id, label }) => ({ label, predicted: submitted.by.get(id)! })),
  );
  // Squares of what no label is like may be more than a number holds: what cannot be compared wins nothing.
  const comparable = Number.isFinite(score);
  const won = MEDALS.find((one) => comparable && reaches(check.metric, score, check.medals[one]));
  const enough = comparable && reaches(check.metric, score, check.medals[check.wanted]);
  const why = `${check.metric} ${score.toFixed(6)}: ${won ?? 'no medal'}; ${check.wanted} is asked for`;
  return {
    gates: [parses, held('one prediction for each id', `${check.labels.length} ids`)],
    components: [{ name: 'medal', kind: 'outcome', score: enough ? 1 : 0, weight: 1, why }],
    runs: [],
    seen: { metric: check.metric, score: comparable ? score : String(score), medal: won ?? null },
  };
}

function predictions(value: unknown, { labels }: LeaderboardCheck): { by: Map<string, number> } | { why: string } {
  const row = z.array(z.strictObject({ id: z.string(), prediction: z.number() })).safeParse(value);
  if (!row.success) return { why: 'it has other columns than id and prediction, or a prediction is no number' };
  const by = new Map(row.data.map(({ id, prediction }) => [id, prediction]));
  if (by.size !== row.data.length) return { why: 'an id stands there twice' };
  const missing = labels.find(({ id }) => !by.has(id));
  if (missing !== undefined) return { why: `there is none for ${missing.id}` };
  return by.size === labels.length ? { by } : { why: `${by.size - labels.length} ids are not asked for` };
}

export function scoreOf(by: Metric, pairs: readonly { readonly label: number; readonly predicted: number }[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  if (by === 'accuracy') return mean(pairs.map(({ label, predicted }) => (label === predicted ? 1 : 0)));
  return Math.sqrt(mean(pairs.map(({ label, predicted }) => (label - predicted) ** 2)));
}

export const better = (by: Metric, a: number, b: number): boolean => (by === 'rmse' ? a < b : a > b);
const reaches = (by: Metric, score: number, wanted: number): boolean =>
  by === 'rmse' ? score <= wanted + ROUNDING : score >= wanted - ROUNDING;
