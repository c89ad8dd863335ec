// Skills: folders with a page that says what they are for, and for some of them a program that carries a remedy out.
import { z } from 'zod';
import { remedyId } from './diagnosis.ts';
import type { sha256 } from './ids.ts';

/** `debugging/learning-rate-with-the-wrong-sign`: its folder below the library. */
export const skillName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,59}(\/[a-z0-9][a-z0-9-]{0,59}){0,3}$/,
    'folders of lower-case letters, digits and dashes',
  )
  .brand<'SkillName'>();
export type SkillName = z.infer<typeof skillName>;

const patterns = z.array(z.string().min(1).max(240)).min(1).max(20);
/** How a program can tell whether a clause was kept: by what a session left, and by what it ran. */
export const clauseCheck = z.union([
  /** Lines were added to files of these. */
  z.strictObject({ adds: patterns }),
  /** No line of these was taken away. */
  z.strictObject({ keeps: patterns }),
  /** None of these was changed. */
  z.strictObject({ untouched: patterns }),
  /** So many files, and lines added and taken away together, without those of `except`. */
  z.strictObject({
    atMost: z.strictObject({ files: z.int().positive(), lines: z.int().positive() }),
    except: patterns.optional(),
  }),
  /** A command with one of these in it was run; `before: edits`: before anything was edited but files of `except`. */
  z.strictObject({
    ran: z.array(z.string().min(1).max(100)).min(1).max(20),
    before: z.literal('edits').optional(),
    except: patterns.optional(),
  }),
]);
export type ClauseCheck = z.infer<typeof clauseCheck>;

/** The front matter of SKILL.md; unknown fields are errors. */
export const skillFront = z.strictObject({
  name: z.string().min(1).max(100),
  /** When to use it: what a role sees before it opens the page. */
  description: z.string().min(1).max(1_024),
  /** Instructions of it that can be checked one by one: what adherence is measured by. */
  clauses: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,60}$/),
        text: z.string().min(1).max(500),
        check: clauseCheck.optional(),
      }),
    )
    .default([]),
  remedy: z
    .strictObject({
      /** What a diagnosis advises. */
      for: z.array(remedyId).min(1),
      /**
       * A program of the folder, run by the sandbox's Python in the repository's files with the diagnosis as JSON on its standard input. It
       * edits files, adds a test, and ends with 0; 3: this is not what is wrong here. Whatever else it does, the tests decide.
       */
      program: z.string().regex(/^[a-z0-9_-]+\.py$/),
      /** Python files of skills above it that its program imports: they lie beside it when it runs, and its version covers them. */
      shares: z
        .array(z.string().regex(/^[a-z0-9_]+\.py$/))
        .max(10)
        .default([]),
      seconds: z.int().min(1).max(600).default(60),
    })
    .optional(),
});
export type SkillFront = z.infer<typeof skillFront>;

export interface Skill {
  readonly name: SkillName;
  readonly front: SkillFront;
  /** Below the front matter. */
  readonly page: string;
  /** Every file of its folder but its sub-skills', by relative path, and what its remedy shares. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of all of that: canonical JSON of path and hash. */
  readonly version: z.infer<typeof sha256>;
  /** Folders below it that have a page. */
  readonly children: readonly SkillName[];
}
