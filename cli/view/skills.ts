// The library of skills and how it fared, as a terminal shows it.
import type { Skill } from '../../contracts/skill.ts';
import type { SkillTally } from '../../policies/adherence.ts';
import { paint } from './paint.ts';
import { table } from './table.ts';

const COLUMNS = [
  { title: 'skill' },
  { title: 'uses', align: 'right' },
  { title: 'on a branch', align: 'right' },
  { title: 'kept', align: 'right' },
  { title: 'not its case', align: 'right', drop: 2 },
  { title: 'broken most', drop: 1 },
] as const;

export function renderSkills(
  skills: readonly Pick<Skill, 'name'>[],
  tallies: readonly SkillTally[],
  { width, colour }: { width: number; colour: boolean },
): string[] {
  const of = new Map<string, SkillTally>(tallies.map((one) => [one.skill, one]));
  const names = [...new Set<string>([...skills.map(({ name }) => name), ...of.keys()])].sort();
  const rows = names.map((name) => {
    const one = of.get(name);
    if (one === undefined) return [name, '·', '·', '·', '·', ''];
    const kept = one.checked === 0 ? '·' : `${((100 * one.kept) / one.checked).toFixed(0)}% of ${one.checked}`;
    const [first] = one.broken;
    const broken = first === undefined ? '' : `${first.clause} (${first.times})`;
    return [name, String(one.uses), String(one.successes), kept, String(one.notMine), broken];
  });
  return [
    ...table(COLUMNS, rows, { width, header: paint(colour).bold }),
    '',
    'kept: clauses that a program could check, and that were. What nothing checks is counted nowhere.',
  ];
}
