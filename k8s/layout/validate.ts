// Every layout rule, in one place. A profile that passes can be built and fits, as far as arithmetic can say.
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { LayoutProblem, Rule } from './rule.ts';
import { CLUSTER_RULES } from './rules/cluster.ts';
import { EXPERT_RULES } from './rules/experts.ts';
import { FIT_RULES } from './rules/fit.ts';
import { SERVER_SHAPE_RULES } from './rules/server-shape.ts';
import { TRAINER_SHAPE_RULES } from './rules/trainer-shape.ts';
import { VERSION_RULES } from './rules/versions.ts';

export const RULES = [
  ...TRAINER_SHAPE_RULES,
  ...EXPERT_RULES,
  ...SERVER_SHAPE_RULES,
  ...FIT_RULES,
  ...VERSION_RULES,
  ...CLUSTER_RULES,
] as const satisfies readonly Rule[];
export type RuleName = (typeof RULES)[number]['name'];

/** All that is wrong with a layout, each with the field, the arithmetic and a way out. Empty when it can work. */
export function validateLayout(profile: ProfileSpec): LayoutProblem[] {
  return RULES.flatMap(({ name, code, check }) => check(profile).map((finding) => ({ ...finding, code, rule: name })));
}
