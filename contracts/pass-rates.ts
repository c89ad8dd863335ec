// How often a model solves each task, as ./anneal pilot measured it: what a curriculum draws by, and what a set is sieved by.
import { z } from 'zod';
import { type PassRate, passRate } from './artifact-set.ts';

export const passRateFile = z.strictObject({
  schema: z.literal('anneal/starting-pass-rates/v1'),
  command: z.string(),
  model: z.string(),
  samplesPerTask: z.int().positive(),
  rates: z.record(z.string(), z.number().min(0).max(1)),
  /** Replies with a verdict alone; absent in older files. */
  counts: z.record(z.string(), passRate).optional(),
});
export type PassRateFile = z.infer<typeof passRateFile>;

/** By task id. Where only the rate is known, every sample is taken to have had its verdict. */
export function countsOf({ rates, counts, samplesPerTask }: PassRateFile): ReadonlyMap<string, PassRate> {
  const whole = Object.entries(rates).map(
    ([task, rate]) => [task, { solved: Math.round(rate * samplesPerTask), tried: samplesPerTask }] as const,
  );
  return new Map([...whole, ...Object.entries(counts ?? {})]);
}
