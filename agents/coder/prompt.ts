// What the coding agent is told: its rules, the skills that it is to keep to, its task, and the material as data.
import type { Skill } from '../../contracts/skill.ts';
import { shortened } from '../loop/use.ts';
import { aboutData, type Material, shownAsData } from './material.ts';

const MOST_PAGE = 12_000;

const RULES = `You mend one fault in a repository. Its files lie in the current folder; there is no network and no history.

1. Make the fault show first: a test, or a command, that fails with the files as they are.
2. Change what is wrong, and nothing besides: no renaming, no reformatting, no new dependency.
3. Add a test that fails without your change and passes with it. Never remove, skip or weaken a test.
4. Leave alone: continuous integration, lockfiles, hooks, settings of editors and agents, and whatever decides what is right (verifiers, rewards, gates).
5. Run all tests before you submit. Say in the summary what was wrong, what you changed, and what you could not find out.
6. If you cannot mend it, undo what you changed and submit a summary that says why.`;

export function systemOf(skills: readonly Skill[], nonce: string): string {
  return [RULES, aboutData(nonce), ...skills.map(skillText)].join('\n\n');
}

function skillText({ front, page }: Skill): string {
  const clauses = front.clauses.map(({ id, text }) => `- ${id}: ${text}`);
  return [`## Skill: ${front.name}`, front.description, ...clauses, shortened(page, MOST_PAGE)].join('\n');
}

export function promptOf(
  task: { readonly title: string; readonly instruction: string },
  material: readonly Material[],
  remarks: readonly Material[],
  nonce: string,
): string {
  const parts = [task.title, task.instruction.trim(), shownAsData(material, nonce)];
  if (remarks.length > 0)
    parts.push(
      'The files hold your change already. Somebody looked at it and remarks the following. Mend what is right of it; say in the summary what is not, and why.',
      shownAsData(remarks, nonce),
    );
  return parts.filter((part) => part !== '').join('\n\n');
}
