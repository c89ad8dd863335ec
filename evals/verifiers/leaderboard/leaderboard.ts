// leaderboard@1: predictions in a CSV, held against labels that only the grader has; rewarded is a medal, as in competitions
// (MLE-bench, Chan et al., arXiv 2410.07095). The file is read, never run.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { bounded, isLarge, SMALL_TO_LINEAR } from '../bounded.ts';
import { broken, fileText, refused } from '../gates.ts';
import { defineVerifier } from '../verifier.ts';
import { better, judgePredictions, MEDALS } from './predictions.ts';

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

export const leaderboard = defineVerifier<LeaderboardCheck>({
  ref: { name: 'leaderboard', version: 1 },
  format: 'structured-data',
  check: leaderboardCheck,
  async judge({ check, artifact }) {
    const read = fileText(artifact, check.file);
    if ('why' in read) return refused([broken('parses', read.why)]);
    const found = await bounded(
      'predictions',
      judgePredictions,
      isLarge(read.text.length, SMALL_TO_LINEAR),
      check,
      read.text,
    );
    return 'why' in found ? refused([broken('parses', `${check.file} ${found.why}`)]) : found;
  },
  impossible: (check) => {
    const beyond = check.metric === 'rmse' ? -1 : 2;
    return { ...check, medals: { gold: beyond, silver: beyond, bronze: beyond } };
  },
});
