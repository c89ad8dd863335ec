// Who may decide on a change, by what it touches: its content and its effect, not only its names. What is not understood waits for a human.
import type { ChangedPath, PathFinding, Standing } from '../contracts/change.ts';
import { matcherOf } from './glob.ts';
import { type PathRules, USUAL_RULES } from './path-rules.ts';
import { folded, misleading, unfitPath } from './plain-path.ts';

/** More lines of one file are not read, only scrolled past. */
const READABLE_LINES = 1_500;
/** More files are looked at one by one by nobody. */
const READABLE_PATHS = 100;

type Judged = Omit<PathFinding, 'path'>;
type Met = Judged & { readonly meets: (names: readonly string[]) => boolean };

const USUAL: readonly Met[] = USUAL_RULES.flatMap(({ names, ...rule }) =>
  names.map((name) => ({ ...rule, meets: matcherOf(name, folded) })),
);

/** Every rule that a change meets, by path; a rename meets those of both its names. */
export function judgePaths(changed: readonly ChangedPath[], rules: PathRules): PathFinding[] {
  const own = (standing: 'critical' | 'refused', why: string): Met[] =>
    rules[standing].map((rule) => ({ standing, rule, why, meets: matcherOf(rule, folded) }));
  const owns = [...own('critical', 'it is protected here'), ...own('refused', 'it is kept from agents here')];
  // Folders repeat, and there are hundreds of usual names.
  const known = new Map<string, readonly Met[]>();
  const usual = (name: string): readonly Met[] => {
    const met = known.get(name) ?? USUAL.filter(({ meets }) => meets([name]));
    known.set(name, met);
    return met;
  };
  const findings = changed.flatMap((one) => {
    const names = one.from === null || one.from === one.path ? [one.path] : [one.path, one.from];
    const judged = [...byContent(one), ...names.flatMap((name) => byName(name, owns, usual))];
    return judged.map((finding): PathFinding => ({ path: one.path, ...finding }));
  });
  const last = changed.at(-1);
  if (last !== undefined && changed.length > READABLE_PATHS)
    findings.push({ path: last.path, ...critical('size', `it is one of ${changed.length} files of one change`) });
  return unique(findings);
}

/** The strictest of them. A change that touches nothing is none that anybody understands. */
export function standingOf(findings: readonly PathFinding[]): Standing {
  if (findings.some(({ standing }) => standing === 'refused')) return 'refused';
  return findings.length > 0 ? 'critical' : 'free';
}

function byContent({ path, from, how, mode, binary, lines }: ChangedPath): Judged[] {
  const found: Judged[] = [];
  const modes = [mode.before, mode.after];
  const isThere = { before: how !== 'added', after: how !== 'removed' };
  if (modes.includes('120000')) found.push(refused('links', 'a link may point anywhere'));
  if (modes.includes('160000')) found.push(refused('submodules', 'it brings in what another repository holds'));
  if (mode.after === '100755' && mode.before !== '100755')
    found.push(critical('programs', 'it may be executed, and could not be before'));
  if (binary) found.push(critical('binary', 'nobody can read what it holds'));
  const count = lines.added + lines.removed;
  if (count > READABLE_LINES) found.push(critical('size', `${count} lines of one file are not read by anybody`));
  const whole = (mode.before !== null) === isThere.before && (mode.after !== null) === isThere.after;
  if (!whole || (how === 'renamed') !== (from !== null))
    found.push(critical('not understood', `what git says of ${JSON.stringify(path)} does not fit together`));
  return found;
}

function byName(path: string, own: readonly Met[], usual: (name: string) => readonly Met[]): Judged[] {
  const unfit = unfitPath(path);
  if (unfit !== undefined) return [refused('paths', `${JSON.stringify(path)}: ${unfit}`)];
  const names = folded(path).split('/');
  const met = new Set([...own.filter(({ meets }) => meets(names)), ...names.flatMap(usual)]);
  const misled = misleading(path);
  return [
    ...[...met].map(({ standing, rule, why }) => ({ standing, rule, why: `${path}: ${why}` })),
    ...(misled === undefined ? [] : [critical('look-alikes', misled)]),
  ];
}

function unique(findings: readonly PathFinding[]): PathFinding[] {
  const seen = new Map(findings.map((one) => [JSON.stringify([one.path, one.standing, one.rule, one.why]), one]));
  return [...seen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const critical = (rule: string, why: string): Judged => ({ standing: 'critical', rule, why });
const refused = (rule: string, why: string): Judged => ({ standing: 'refused', rule, why });
