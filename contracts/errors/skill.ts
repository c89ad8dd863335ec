// The library of skills.
import { type ErrorEntry, entry } from './entry.ts';

export const SKILL_ERRORS = {
  'skill.unfit': entry(
    'badInput',
    false,
    'The library of skills cannot be used',
    'Correct what is named; docs/skills.md says what a skill is made of.',
  ),
} as const satisfies Record<string, ErrorEntry>;
