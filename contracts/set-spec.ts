// The file that `anneal taskset` reads: which source, how much of it, and what a task must be to be kept.
import { z } from 'zod';
import { judgeFamily, judgeSpec } from './judge.ts';

export const PERMISSIVE_LICENCES = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSL-1.0', 'CC-BY-4.0', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0'],
  ...['PSF-2.0', 'Python-2.0', 'Unlicense', 'Zlib'],
] as const;

const share = z.number().min(0).max(1);

/** A set has no policy of its own. */
export const setJudge = judgeSpec.extend({
  policyFamily: judgeFamily.describe('Of the policies that the set is for: the judge must be of another one.'),
});
export type SetJudge = z.infer<typeof setJudge>;

export const setSpec = z.strictObject({
  apiVersion: z.literal('anneal.dev/v1'),
  kind: z.literal('TaskSet'),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes'),
  seed: z.int().nonnegative(),
  /** `kind` names the source; the other fields are its own. Paths are relative to this file. */
  source: z.looseObject({ kind: z.string().min(1) }),
  /** Items to draw at most. */
  most: z.int().positive().max(100_000).default(1_000),
  splits: z
    .strictObject({ visible: share, gate: share, sealed: share })
    .refine((shares) => Math.abs(shares.visible + shares.gate + shares.sealed - 1) < 1e-6, 'shares that sum to 1')
    .default({ visible: 0.6, gate: 0.2, sealed: 0.2 }),
  /** SPDX identifiers. */
  licences: z
    .array(z.string().min(1))
    .min(1)
    .default([...PERMISSIVE_LICENCES]),
  /** Of tasks whose pass rate somebody measured. */
  difficulty: z
    .strictObject({ min: share, max: share })
    .refine(({ min, max }) => min <= max, 'a least rate that is at most the greatest')
    .default({ min: 0, max: 1 }),
  /** How alike two tasks may be: the share that their sets of five-word shingles have in common. */
  alike: share.default(0.8),
  /** Texts that the policy reads: tasks that stand in them are dropped. Paths are relative to this file. */
  known: z
    .array(z.strictObject({ kind: z.enum(['skill', 'memory', 'prompt', 'patch']), file: z.string().min(1) }))
    .default([]),
  /** Where the source's tasks have rubrics: the model that certifies them. A campaign on the set names its own. */
  judge: setJudge.optional(),
});
export type SetSpec = z.infer<typeof setSpec>;
