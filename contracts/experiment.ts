// An experiment, as it is proposed before anybody pays for it: what is held to be true, what is varied, what it may cost, by what it is
// judged, and what would refute it. Campaign files follow from it and a base campaign, by code alone (agents/researcher/experiment.ts).
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { campaignName } from './ids.ts';
import { duration } from './units.ts';

/**
 * What an experiment may vary. Not what judges (tasks, evaluation, promotion, gates, integrity, judge), whose budget it is, what code runs, nor where: whoever
 * chooses those could choose the result.
 */
export const VARIABLE_PATHS = [
  ...['seed', 'rounds', 'policy.lora.rank', 'policy.lora.alpha', 'policy.lora.layers'],
  ...['harness.temperature', 'harness.maxTokens', 'rollouts.groupsPerRound', 'rollouts.groupSize'],
  ...['rollouts.curriculum.minPassRate', 'rollouts.curriculum.maxPassRate'],
  ...['reward.correctness', 'reward.partial', 'reward.format', 'reward.process', 'reward.speed'],
  ...['training.algorithm', 'training.steps', 'training.learningRate', 'training.clipHigh', 'training.clipLow'],
  ...['training.ratioCap', 'training.beta1', 'training.beta2', 'training.epsilon', 'training.weightDecay'],
  ...['training.maxGradNorm', 'training.maxStaleness', 'training.advantage', 'training.minReward'],
] as const;
export const variablePath = z.enum(VARIABLE_PATHS);
export type VariablePath = z.infer<typeof variablePath>;

const value = z.union([z.number(), z.string().regex(/^[a-z][a-z0-9+-]{0,39}$/), z.null()]);

/** One campaign each; more is a search, which has its own presets. */
export const MOST_ARMS = 8;

const sentence = z.string().trim().min(10).max(400);

/** What a model or a person proposes. */
export const experimentDraft = z.strictObject({
  hypothesis: sentence.describe('What is held to be true, in one sentence.'),
  variables: z
    .array(z.strictObject({ path: variablePath, values: z.array(value).min(1).max(MOST_ARMS) }))
    .min(1)
    .max(4)
    .refine((all) => new Set(all.map(({ path }) => path)).size === all.length, 'each path once')
    .refine((all) => all.reduce((arms, { values }) => arms * values.length, 1) <= MOST_ARMS, {
      error: `at most ${MOST_ARMS} campaigns: the product of the numbers of values`,
    }),
  /** For each campaign; never more than the base campaign's. */
  budget: z.strictObject({ tokens: z.int().positive(), wallClock: duration }),
  success: z.strictObject({
    metric: z.enum(['gate pass rate', 'visible pass rate', 'mean reward']),
    /** Against the base campaign's arm. */
    smallestEffect: z.number().positive().max(1),
  }),
  refuted: sentence.describe('What would show that the hypothesis is wrong.'),
  /** Claims of the report that it rests on. */
  grounds: z.array(z.string().max(20)).max(20).default([]),
});
export type ExperimentDraft = z.infer<typeof experimentDraft>;

export const experimentSpec = experimentDraft.extend({
  schema: z.literal('anneal/experiment/v1'),
  name: campaignName,
  /** The base campaign, as it was given. */
  base: artifactRef,
  arms: z
    .array(
      z.strictObject({
        name: campaignName,
        settings: z.array(z.strictObject({ path: variablePath, value })),
        campaign: artifactRef,
      }),
    )
    .min(1)
    .max(MOST_ARMS),
});
export type ExperimentSpec = z.infer<typeof experimentSpec>;
