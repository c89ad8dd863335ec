// What became of a result that was run again: what is the same, what differs, and what could not be run again.
import { z } from 'zod';
import { campaignName } from './ids.ts';

export const reproducedPart = z.strictObject({
  /** For example `rewards`. */
  part: z.string(),
  /** same: run again with the same bytes; different: run again with others; left: not run again. */
  verdict: z.enum(['same', 'different', 'left']),
  /** What was compared, with numbers; or why it cannot be run again here, and what it would take. */
  why: z.string(),
});
export type ReproducedPart = z.infer<typeof reproducedPart>;

export const reproduction = z.strictObject({
  schema: z.literal('anneal/reproduction/v1'),
  campaign: campaignName,
  parts: z.array(reproducedPart),
});
export type Reproduction = z.infer<typeof reproduction>;
