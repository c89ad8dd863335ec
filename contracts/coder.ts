// The coding agent: what it may spend, and how it ends. What it leaves is a proposal; nothing here says that it is right.
import { z } from 'zod';

export const coderBudget = z.strictObject({
  /** Requests of its model. */
  turns: z.int().min(1).max(500),
  /** Said by its model, all requests together. */
  tokens: z.int().min(1).max(10_000_000),
  seconds: z.int().min(1).max(86_400),
});
export type CoderBudget = z.infer<typeof coderBudget>;

/** What is used up before somebody has looked at the change is not taken from what it may spend on their remarks. */
export const coderBudgets = z.strictObject({
  attempt: coderBudget.default({ turns: 60, tokens: 200_000, seconds: 1_800 }),
  rework: coderBudget.default({ turns: 20, tokens: 60_000, seconds: 900 }),
});
export type CoderBudgets = z.infer<typeof coderBudgets>;

export const coderEnd = z.enum([
  /** It handed in files that differ from what it was given. */
  'done',
  /** It handed in nothing, and says why. */
  'gave-up',
  /** Turns, tokens or the model's context were used up. */
  'exhausted',
  /** It did the same again and again. */
  'looping',
  'late',
  /** It called no tool however often it was told to, or left what no change can be. */
  'garbage',
]);
export type CoderEnd = z.infer<typeof coderEnd>;
