// leaderboard@1: predictions in a CSV, held against labels that only the grader has; rewarded is a medal, as in competitions
// (MLE-bench, Chan et al., arXiv 2410.07095). The file is read, never run.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { broken, fileText, held, refused } from '../gates.ts';
import { parseCsv } from '../structured-data/csv.ts';
import { defineVerifier } from '../verifier.ts';

const MEDALS = ['gold', 'silver', 'bronze'] as const;
export const medal = z.enum(MEDALS);
export type Medal = z.infer<typeof medal>;

/** rmse: smaller is better; accuracy: the share of predictions that are the label itself, greater is better. */
export const metric = z.enum(['rmse', 'accuracy']);
export type Metric = z.infer<typeof metric>;

export const leaderboardCheck = z
  .strictObject({
    /** With a head line `id,prediction`. */
    file: relativePath,
    labels: z.array(z.strictObject({ id: z.string().min(1), label: z.number() })).min(10),
    metric,
    /** What a score must reach, by medal. */
    medals: z.strictObject({ gold: z.number(), silver: z.number(), bronze: z.number() }),
    wanted: medal,
  })
  .refine(({ labels }) => new Set(labels.map(({ id }) => id)).size === labels.length, 'ids that occur once')
  .refine(
    ({ metric: by, medals: { gold, silver, bronze } }) => !better(by, silver, gold) && !better(by, bronze, silver),
    'medals that are harder from bronze to gold',
  );
export type LeaderboardCheck = z.infer<typeof leaderboardCheck>;

/** Last digits of a mean must not decide. */
const ROUNDING = 1e-9;

export const leaderboard = defineVerifier<LeaderboardCheck>({
  ref: { name: 'leaderboard', version: 1 },
  format: 'structured-data',
  check: leaderboardCheck,
  async judge({ check, artifact }) {
    const read = fileText(artifact, check.file);
    if ('why' in read) return refused([broken('parses', read.why)]);
    const parsed = parseCsv(read.text, { delimiter: ',', types: { id: 'text', prediction: 'number' } });
    if ('why' in parsed) return refused([broken('parses', `${check.file} ${parsed.why}`)]);
    const parses = held('parses', `${check.file} is strict CSV`);
    const submitted = predictions(parsed.value, check);
    if ('why' in submitted) return refused([parses, broken('one prediction for each id', submitted.why)]);
    const score = scoreOf(
      check.metric,
      check.labels.map(({ id, label }) => ({ label, predicted: submitted.by.get(id)! })),
    );
    const won = MEDALS.find((one) => reaches(check.metric, score, check.medals[one]));
    const enough = reaches(check.metric, score, check.medals[check.wanted]);
    const why = `${check.metric} ${score.toFixed(6)}: ${won ?? 'no medal'}; ${check.wanted} is asked for`;
    return {
      gates: [parses, held('one prediction for each id', `${check.labels.length} ids`)],
      components: [{ name: 'medal', kind: 'outcome', score: enough ? 1 : 0, weight: 1, why }],
      runs: [],
      seen: { metric: check.metric, score, medal: won ?? null },
    };
  },
  impossible: (check) => {
    const beyond = check.metric === 'rmse' ? -1 : 2;
    return { ...check, medals: { gold: beyond, silver: beyond, bronze: beyond } };
  },
});

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

const better = (by: Metric, a: number, b: number): boolean => (by === 'rmse' ? a < b : a > b);
const reaches = (by: Metric, score: number, wanted: number): boolean =>
  by === 'rmse' ? score <= wanted + ROUNDING : score >= wanted - ROUNDING;
