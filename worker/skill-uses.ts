// How skills were followed in a session: its edits, and the calls of its transcript, held against the clauses.
import type { SkillUse } from '../contracts/adherence.ts';
import type { EpisodeTranscript } from '../contracts/episode.ts';
import type { Skill } from '../contracts/skill.ts';
import { checkClauses, type Deed, type Session, type Touched } from '../policies/adherence.ts';

export function useOf(
  skill: Skill,
  library: readonly Skill[],
  session: Session,
  { as, how }: Pick<SkillUse, 'as' | 'how'>,
): SkillUse {
  // What a skill says holds for the more particular ones below it; a page that was given speaks for itself.
  const above = as === 'given' ? [] : library.filter(({ name }) => skill.name.startsWith(`${name}/`));
  const clauses = [...above, skill].flatMap(({ front }) => front.clauses);
  return { skill: skill.name, version: skill.version, as, how, clauses: checkClauses(clauses, session) };
}

export const notMine = ({ name, version }: Skill): SkillUse => ({
  ...{ skill: name, version, as: 'remedy', how: 'not-mine', clauses: [] },
});

export const touchedBy = (
  files: ReadonlyMap<string, Uint8Array>,
  edits: ReadonlyMap<string, Uint8Array | null>,
): Touched[] =>
  [...edits].map(([path, after]) => ({ path, before: textOf(files.get(path) ?? null), after: textOf(after) }));

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

const EDITS: ReadonlySet<string> = new Set(['write_file', 'edit_file']);

/** What a model's tools did, as the loop played them: not what it says that it did. */
export function deedsIn({ turns }: EpisodeTranscript): Deed[] {
  return turns.flatMap(({ calls = [] }) =>
    calls.flatMap(({ name, arguments: given }): Deed[] => {
      const said = argumentsOf(given);
      if (name === 'shell') return [{ kind: 'command', text: String(said.command ?? '') }];
      return EDITS.has(name) ? [{ kind: 'edit', path: String(said.path ?? '') }] : [];
    }),
  );
}

function argumentsOf(given: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(given);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
