// What is decided in an incident, and by what. Pure.
import type { CheckedChange, PathFinding, ProposedChange } from '../contracts/change.ts';
import type { Diagnosis } from '../contracts/diagnosis.ts';
import type { Attempt, Reviewed } from '../contracts/incident.ts';

export type Means = Attempt['by'];

/** In this order: a remedy is the same each time and costs next to nothing. */
export const meansOf = (of: { readonly hasModel: boolean }): readonly Means[] =>
  of.hasModel ? ['remedies', 'coding agent'] : ['remedies'];

/** Proposals of one means: remedies are many and cheap, a coding agent is told once what became of its first change. */
export const MOST_PROPOSALS: Readonly<Record<Means, number>> = { remedies: 10, 'coding agent': 2 };

/** Whether there is anything to repair. */
export const isWell = ({ cause }: Pick<Diagnosis, 'cause'>): boolean => cause === 'healthy';

/** What speaks against a change, by what its tests say and what it touches; undefined: nothing. */
export function againstChange(checked: CheckedChange, paths: readonly PathFinding[]): string | undefined {
  const refused = paths.filter(({ standing }) => standing === 'refused');
  if (refused.length > 0) return `it touches what no agent changes: ${some(refused.map(({ why }) => why))}`;
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
    ...of.paths.map(({ why }) => why),
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
    if (!inBinary && line.startsWith('@@ ')) {
      inHunk = true;
      continue;
    }
    if (inHunk && line.startsWith(' ')) continue;
    if (!inHunk && !inBinary && /^(index|similarity index|dissimilarity index) /.test(line)) continue;
    if (line !== '') kept.push(line);
  }
  return kept;
}

/** Lists of tests and paths pass through workflows, which may not hold thousands: the first of them, and how many more. */
const MOST_LISTED = 100;

export function fewerTests(checked: CheckedChange): CheckedChange {
  const fewer = (all: readonly string[]): string[] =>
    all.length <= MOST_LISTED ? [...all] : [...all.slice(0, MOST_LISTED), `and ${all.length - MOST_LISTED} more`];
  const { failToPass, broken, failing, unsteady, ...rest } = checked;
  return {
    ...rest,
    ...{ failToPass: fewer(failToPass), broken: fewer(broken) },
    ...{ failing: fewer(failing), unsteady: fewer(unsteady) },
  };
}

/** The strictest first: none of them is left out while a milder one is told. */
export function fewerPaths(paths: readonly PathFinding[]): PathFinding[] {
  const strict = (one: PathFinding): number => (one.standing === 'refused' ? 0 : 1);
  const sorted = paths.toSorted((a, b) => strict(a) - strict(b));
  if (sorted.length <= MOST_LISTED) return sorted;
  const [kept, left] = [sorted.slice(0, MOST_LISTED), sorted.length - MOST_LISTED];
  return [...kept, { ...kept.at(-1)!, rule: 'size', why: `${left} more findings are not listed` }];
}

const some = (all: readonly string[]): string =>
  all.length <= 3 ? all.join('; ') : `${all.slice(0, 3).join('; ')} and ${all.length - 3} more`;

/** A failure of a round's training is given to agents so often; then a human decides. */
export const MOST_INCIDENTS_A_ROUND = 2;

/** So many of a campaign's newest incidents stand in its state; the end of each is kept by its name. */
export const MOST_KEPT_INCIDENTS = 20;

/** Speaks against the change, and would the next time as well; any other failure is the machine's. */
export const isVerdict = (code: string): boolean =>
  code === 'merge.unfit' || code === 'gate.expired' || code.startsWith('decision.');

/** What another state of the trainer's code may mend: not a full disk, a lost node, or a campaign that asks for what there is not. */
export const isOfTheCode = (code: string): boolean =>
  code === 'job.failed' || code === 'job.out_of_memory' || code === 'job.unsound';
