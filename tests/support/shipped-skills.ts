// The shipped library, and the cases that its remedies are tried by.
import { fileURLToPath } from 'node:url';
import { readSkills } from '../../agents/skills/library.ts';
import type { Files } from '../../contracts/agent-ports.ts';
import { type Diagnosis, diagnosis } from '../../contracts/diagnosis.ts';
import type { Skill } from '../../contracts/skill.ts';
import { readSkillFolder } from '../../infra/skills/folder.ts';

export async function shippedSkills(): Promise<readonly Skill[]> {
  const { files, problems } = await readSkillFolder(fileURLToPath(new URL('../../skills', import.meta.url)));
  const read = readSkills(files);
  const wrong = [...problems, ...read.problems].map(({ path, expected, got }) => `${path}: ${expected} (${got})`);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return read.skills;
}

export interface RemedyCase {
  readonly name: string;
  readonly before: Files;
  /** Files that are others afterwards; empty: it is none of this remedy's cases. */
  readonly after: Files;
  readonly diagnosis: Diagnosis;
}

export function casesOf({ files }: Skill): RemedyCase[] {
  const names = [...new Set([...files.keys()].flatMap((path) => /^tests\/([^/]+)\//.exec(path)?.[1] ?? []))];
  return names.map((name) => {
    const below = (folder: string): Files =>
      new Map(
        [...files].flatMap(([path, bytes]) => {
          const head = `tests/${name}/${folder}/`;
          return path.startsWith(head) ? [[path.slice(head.length), bytes] as const] : [];
        }),
      );
    const text = Buffer.from(files.get(`tests/${name}/diagnosis.json`)!).toString('utf8');
    return { name, before: below('before'), after: below('after'), diagnosis: diagnosis.parse(JSON.parse(text)) };
  });
}
