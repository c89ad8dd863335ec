// What is decided in an incident, and by what. Pure.
import type { CheckedChange, PathFinding, ProposedChange } from '../contracts/change.ts';
import type { Diagnosis } from '../contracts/diagnosis.ts';
import type { Attempt, Reviewed } from '../contracts/incident.ts';

export type Means = Attempt['by'];

/** In this order: a remedy is the same each time and costs next to nothing. */
export const meansOf = (of: { readonly hasModel: boolean }): readonly Means[] =>
  of.hasModel ? ['remedies', 'coding agent'] : ['remedies'];

/** Whether there is anything to repair. */
export const isWell = ({ cause }: Pick<Diagnosis, 'cause'>): boolean => cause === 'healthy';

/** What speaks against a change, by what its tests say and what it touches; undefined: nothing. */
export function againstChange(checked: CheckedChange, paths: readonly PathFinding[]): string | undefined {
  const refused = paths.filter(({ standing }) => standing === 'refused');
  if (refused.length > 0)
    return `it touches what no agent changes: ${some(refused.map(({ path, why }) => `${path} (${why})`))}`;
  if (checked.broken.length > 0) return `it breaks ${some(checked.broken)}`;
  if (checked.failing.length > 0) return `tests of its own fail: ${some(checked.failing)}`;
  if (checked.failToPass.length === 0) return 'no test fails without it and passes with it';
  return undefined;
}

/** Why a human decides; empty: tests and review are enough. */
export function asksOf(of: {
  readonly change: Pick<ProposedChange, 'tainted'>;
  readonly paths: readonly PathFinding[];
  readonly reviewed: Reviewed;
  readonly ask: 'critical' | 'always';
}): string[] {
  return [
    ...of.paths.map(({ path, why }) => `${path}: ${why}`),
    ...(of.change.tainted ? ['whoever made it had read what nobody vouches for'] : []),
    ...(of.reviewed.how === 'reviewed' && of.reviewed.verdict !== 'accept'
      ? [`its review says ${of.reviewed.verdict}`]
      : []),
    ...(of.ask === 'always' ? ['every change of this repository is asked about'] : []),
  ];
}

/**
 * Whether two patches add and remove the same lines of the same files, wherever they stand there: a change that was accepted on one state
 * of a branch is the same one on another. Binary content and modes count as they are written.
 */
export function sameChange(one: string, other: string): boolean {
  const [a, b] = [essence(one), essence(other)];
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

/** Without positions, context and the ids of the files' contents. */
function essence(patch: string): string[] {
  const kept: string[] = [];
  let inHunk = false;
  let inBinary = false;
  for (const line of patch.split('\n')) {
    if (line.startsWith('diff --git ')) [inHunk, inBinary] = [false, false];
    else if (line.startsWith('GIT binary patch')) inBinary = true;
    if (line.startsWith('@@ ')) {
      inHunk = true;
      continue;
    }
    if (inHunk && line.startsWith(' ')) continue;
    if (!inHunk && !inBinary && /^(index|similarity index|dissimilarity index) /.test(line)) continue;
    if (line !== '') kept.push(line);
  }
  return kept;
}

const some = (all: readonly string[]): string =>
  all.length <= 3 ? all.join('; ') : `${all.slice(0, 3).join('; ')} and ${all.length - 3} more`;
