// Whether the clauses of a skill were kept, by what was changed and what was run. Pure: what a session says of itself counts for nothing.
import type { ClauseResult, SkillUse, UsedSkills } from '../contracts/adherence.ts';
import type { IncidentEnd } from '../contracts/incident.ts';
import type { ClauseCheck, SkillFront } from '../contracts/skill.ts';
import { matcherOf } from './glob.ts';

type Clause = SkillFront['clauses'][number];

/** A file that a session left otherwise than it was; null: it was not there. */
export interface Touched {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}
/** What a session did, in order; whatever it edited by a command is among its commands. */
export type Deed =
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'edit'; readonly path: string };

export interface Session {
  readonly touched: readonly Touched[];
  /** Undefined where nobody could look on: a remedy's program. */
  readonly deeds: readonly Deed[] | undefined;
}

export const checkClauses = (clauses: readonly Clause[], session: Session): ClauseResult[] =>
  clauses.map(({ id, check }) => {
    if (check === undefined) return { id, held: null, why: 'no program can tell' };
    const { held, why } = look(check, session);
    return { id, held, why: why.slice(0, 300) };
  });

type Looked = Pick<ClauseResult, 'held' | 'why'>;

function look(check: ClauseCheck, { touched, deeds }: Session): Looked {
  if ('adds' in check) {
    const added = meant(check.adds, touched).filter((one) => linesOf(one).added.some((line) => line.trim() !== ''));
    return told(added.length > 0, `lines were added to ${some(added)}`, 'nothing was added there');
  }
  if ('keeps' in check) {
    const less = meant(check.keeps, touched).filter((one) => one.before !== null && linesOf(one).removed.length > 0);
    return told(less.length === 0, 'nothing of it was taken away', `lines were taken from ${some(less)}`);
  }
  if ('untouched' in check) {
    const changed = meant(check.untouched, touched);
    return told(changed.length === 0, 'nothing of it was touched', `${some(changed)} was changed`);
  }
  if ('atMost' in check) {
    const counted = check.except === undefined ? touched : without(check.except, touched);
    const lines = counted.reduce((sum, one) => sum + linesOf(one).added.length + linesOf(one).removed.length, 0);
    const { files, lines: most } = check.atMost;
    return told(
      ...([counted.length <= files && lines <= most, `${counted.length} files, ${lines} lines`] as const),
      `${counted.length} files and ${lines} lines, of at most ${files} and ${most}`,
    );
  }
  if (deeds === undefined) return { held: null, why: 'nobody could look on' };
  const isAside = isMeant(check.except ?? []);
  const isEdit = (deed: Deed): boolean => deed.kind === 'edit' && !isAside(deed);
  const first = check.before === 'edits' ? deeds.findIndex(isEdit) : -1;
  const before = first === -1 ? deeds : deeds.slice(0, first);
  const ran = before.find((deed) => deed.kind === 'command' && check.ran.some((words) => deed.text.includes(words)));
  const when = check.before === 'edits' ? ' before the first edit' : '';
  return told(ran !== undefined, `it was run${when}`, `none of ${check.ran.join(', ')} was run${when}`);
}

const told = (held: boolean, yes: string, no: string): Looked => ({ held, why: held ? yes : no });
const some = (all: readonly Touched[]): string =>
  `${all
    .slice(0, 3)
    .map(({ path }) => path)
    .join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`;

function isMeant(patterns: readonly string[]): (one: Pick<Touched, 'path'>) => boolean {
  const matchers = patterns.map((pattern) => matcherOf(pattern, (text) => text));
  return ({ path }) => matchers.some((matches) => matches(path.split('/')));
}
const meant = (patterns: readonly string[], touched: readonly Touched[]): Touched[] =>
  touched.filter(isMeant(patterns));
const without = (patterns: readonly string[], touched: readonly Touched[]): Touched[] => {
  const is = isMeant(patterns);
  return touched.filter((one) => !is(one));
};

/** As many of each line as there are more after than before, and the other way round: what was only moved is neither. */
function linesOf({ before, after }: Touched): { added: string[]; removed: string[] } {
  const counts = new Map<string, number>();
  const split = (text: string | null): string[] =>
    text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n');
  for (const line of split(before)) counts.set(line, (counts.get(line) ?? 0) + 1);
  const added: string[] = [];
  for (const line of split(after)) {
    const left = counts.get(line) ?? 0;
    if (left > 0) counts.set(line, left - 1);
    else added.push(line);
  }
  return { added, removed: [...counts].flatMap(([line, left]) => Array<string>(left).fill(line)) };
}

export interface SkillTally {
  readonly skill: SkillUse['skill'];
  /** Sessions that had it; those in which its program found that the case is none of its own are apart. */
  readonly uses: number;
  readonly notMine: number;
  /** Sessions whose change is on the branch. */
  readonly successes: number;
  /** Clauses that were kept, of those that could be checked. */
  readonly kept: number;
  readonly checked: number;
  /** Broken most often first. */
  readonly broken: readonly { readonly clause: string; readonly times: number }[];
}

export function tallySkills(sessions: readonly UsedSkills[], ends: ReadonlyMap<string, IncidentEnd>): SkillTally[] {
  const all = sessions.flatMap(({ uses, incident, change }) => {
    const end = ends.get(incident);
    const isMerged = end?.how === 'merged' && change !== null && end.change === change;
    return uses.map((use) => ({ ...use, isMerged }));
  });
  return [...Map.groupBy(all, ({ skill }) => skill)]
    .map(([skill, uses]) => {
      const own = uses.filter(({ how }) => how !== 'not-mine');
      const clauses = own.flatMap((use) => use.clauses.filter(({ held }) => held !== null));
      const broken = Map.groupBy(
        clauses.filter(({ held }) => held === false),
        ({ id }) => id,
      );
      return {
        ...{ skill, uses: own.length, notMine: uses.length - own.length },
        successes: own.filter(({ isMerged }) => isMerged).length,
        ...{ kept: clauses.filter(({ held }) => held).length, checked: clauses.length },
        broken: [...broken]
          .map(([clause, of]) => ({ clause, times: of.length }))
          .sort((a, b) => b.times - a.times || (a.clause < b.clause ? -1 : 1)),
      };
    })
    .sort((a, b) => b.uses - a.uses || (a.skill < b.skill ? -1 : 1));
}
