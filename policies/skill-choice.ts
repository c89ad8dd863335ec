// Which skills fit a diagnosis: in the order of what it advises, and for one advice the most particular first.
import type { Diagnosis } from '../contracts/diagnosis.ts';
import type { Skill } from '../contracts/skill.ts';

type Known = Pick<Skill, 'name' | 'front'>;

/** Remedies that can be carried out, best first; each one once. What is not known, or well, has none. */
export function chooseSkills<One extends Known>(
  skills: readonly One[],
  { cause, remedies }: Pick<Diagnosis, 'cause' | 'remedies'>,
): One[] {
  if (cause === 'undetermined' || cause === 'healthy') return [];
  const ranked = skills.flatMap((skill) => {
    const rank = remedies.findIndex((id) => skill.front.remedy?.for.includes(id));
    return rank === -1 ? [] : [{ skill, rank, depth: skill.name.split('/').length }];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || b.depth - a.depth || (a.skill.name < b.skill.name ? -1 : 1))
    .map(({ skill }) => skill);
}
