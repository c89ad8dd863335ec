// Whether a skill that was used was followed, clause by clause, as far as a program can tell.
import { z } from 'zod';
import { changeId } from './change.ts';
import { sha256 } from './ids.ts';
import { incidentName } from './incident.ts';
import { skillName } from './skill.ts';

export const clauseResult = z.strictObject({
  id: z.string(),
  /** Null: nothing checks it, or nothing was seen that it could be checked by. */
  held: z.boolean().nullable(),
  why: z.string().max(300),
});
export type ClauseResult = z.infer<typeof clauseResult>;

/** One skill in one session. */
export const skillUse = z.strictObject({
  skill: skillName,
  version: sha256,
  /** `remedy`: its program ran; `given`: a model had its page. */
  as: z.enum(['remedy', 'given']),
  /** `not-mine`: its program says that this is not what is wrong here; nothing was there to be followed. */
  how: z.enum(['proposed', 'came-to-nothing', 'not-mine']),
  clauses: z.array(clauseResult),
});
export type SkillUse = z.infer<typeof skillUse>;

/** What is on record of a session. */
export const usedSkills = z.strictObject({
  schema: z.literal('anneal/used-skills/v1'),
  incident: incidentName,
  /** `remedies-1`, `coding-agent-2` */
  session: z.string(),
  /** What it came to; null where nothing was proposed. */
  change: changeId.nullable(),
  uses: z.array(skillUse),
  at: z.iso.datetime(),
});
export type UsedSkills = z.infer<typeof usedSkills>;
