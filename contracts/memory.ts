// What the installation remembers of cases that are over: facts, failures, fixes. Each says where it is from; none of it is an order.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { repositoryName } from './change.ts';
import { campaignName, sha256 } from './ids.ts';

export const MOST_MEMORY = 2_000;

export const memoryEntry = z.strictObject({
  schema: z.literal('anneal/memory/v1'),
  /** SHA-256 of case and words. */
  id: sha256,
  kind: z.enum(['fact', 'failure', 'fix']),
  text: z.string().min(1).max(MOST_MEMORY),
  from: z.strictObject({
    /** The incident or ticket. */
    case: campaignName,
    /** Null: of no campaign. */
    campaign: campaignName.nullable(),
    repository: repositoryName,
    /** What it was made from. */
    object: artifactRef.nullable(),
  }),
  /** Words in it come from what nobody vouches for: never shown to whoever acts untainted. */
  tainted: z.boolean(),
  at: z.iso.datetime(),
});
export type MemoryEntry = z.infer<typeof memoryEntry>;

/** That it was shown in a case, and whether that case came to a merge. */
export const memoryUse = z.strictObject({ case: campaignName, success: z.boolean(), at: z.iso.datetime() });
export type MemoryUse = z.infer<typeof memoryUse>;

export interface Remembered {
  readonly entry: MemoryEntry;
  readonly uses: readonly MemoryUse[];
}
