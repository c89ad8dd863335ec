// skills: the library, and how it fared: how often each was used, what came to the branch, and whether what it says was kept.
import type { Command } from 'commander';
import { readSkills } from '../../agents/skills/library.ts';
import { usedSkills } from '../../contracts/adherence.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type IncidentEnd, incidentEnd, incidentName } from '../../contracts/incident.ts';
import { incidentKey } from '../../contracts/names.ts';
import type { Skill } from '../../contracts/skill.ts';
import { readSkillFolder } from '../../infra/skills/folder.ts';
import { tallySkills } from '../../policies/adherence.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderSkills } from '../view/skills.ts';

const USES = 'skills/uses/';

export function addSkills(program: Command, run: Run): void {
  program
    .command('skills')
    .description('what agents go by when they mend something')
    .command('ls')
    .description('every skill: uses, successes, and how far what it says was kept')
    .action((_: object, command: Command) =>
      run(async (session) => {
        const [skills, tallies] = [await libraryOf(session), await talliesOf(session)];
        process.stdout.write(
          session.json
            ? `${JSON.stringify({ skills: skills.map(({ name, version, front }) => ({ name, version, title: front.name })), uses: tallies })}\n`
            : `${renderSkills(skills, tallies, screen(session)).join('\n')}\n`,
        );
      }, command),
    );
}

async function libraryOf({ config }: Session): Promise<readonly Skill[]> {
  const { files, problems: unread } = await readSkillFolder(config.paths.skills);
  const { skills, problems } = readSkills(files);
  const all = [...unread, ...problems];
  if (all.length > 0) throw new AnnealError('skill.unfit', `${all.length} problems`, { problems: all });
  return skills;
}

async function talliesOf({ store }: Session) {
  const read = async (key: string): Promise<unknown> => {
    const found = await store.readNamed(key);
    return found === undefined ? undefined : JSON.parse(new TextDecoder().decode(found.bytes));
  };
  const sessions = await Promise.all(
    (await store.listNamed(USES)).map(async (key) => usedSkills.parse(await read(key))),
  );
  const ends = new Map<string, IncidentEnd>();
  for (const name of new Set(sessions.map(({ incident }) => incident))) {
    const end = incidentEnd.safeParse(await read(incidentKey(incidentName.parse(name), 'end')));
    if (end.success) ends.set(name, end.data);
  }
  return tallySkills(sessions, ends);
}
