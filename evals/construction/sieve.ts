// From certified tasks to those that a set is made of: what is too easy or too hard, has no licence for it, repeats another or was read
// by the policy before is dropped, with its reason. Pure: the same tasks in the same order give the same answer.
import type { ConstructionStep, PassRate } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { nearDuplicates } from '../contamination/minhash.ts';
import { type Given, scanForTasks } from '../contamination/scan.ts';

export interface Candidate {
  readonly id: string;
  readonly family: string;
  readonly licence: string;
  readonly canary: string;
  readonly substance: string;
  readonly parents: readonly string[];
  readonly passRate: PassRate | null;
  readonly task: ArtifactTask;
}

export interface Sieve {
  /** Pass rates between these are kept, and so are tasks that nobody measured. */
  readonly difficulty: { readonly min: number; readonly max: number };
  /** SPDX identifiers. */
  readonly licences: readonly string[];
  /** Substances whose sets of five-word shingles share this much of their union are the same; 0…1. */
  readonly alike: number;
  /** What the policy reads or has read: skills, memory, prompts, patches. */
  readonly known: readonly Given[];
  /** Why whoever will be asked cannot do the task at all; undefined: can. */
  readonly unfit?: (task: ArtifactTask) => string | undefined;
}

export const isWholeRange = ({ difficulty: { min, max } }: Pick<Sieve, 'difficulty'>): boolean => min <= 0 && max >= 1;

/** Before anything is built: a range that nothing is measured by would keep everything, and say nothing. @throws AnnealError `spec.invalid` */
export function requireMeasured(sieve: Pick<Sieve, 'difficulty'>, { measured }: { readonly measured: boolean }): void {
  if (!measured && !isWholeRange(sieve)) throw unmeasured('it is asked for and nothing measures it');
}

/** What measures, wherever it is lacking. */
export const MEASURED_BY = {
  expected: 'pass rates of the tasks, or the whole range (min 0, max 1)',
  hint: 'Measure a campaign on the tasks with ./anneal pilot FILE --out rates.json, then name that file: --pass-rates of ./anneal taskset, startingPassRates of a campaign.',
} as const;

export const unmeasured = (why: string): AnnealError =>
  new AnnealError('spec.invalid', `A difficulty needs pass rates: ${why}.`, {
    problems: [{ code: 'spec.out_of_range', path: 'difficulty', ...MEASURED_BY }],
  });

export interface Sifted {
  readonly kept: readonly Candidate[];
  readonly dropped: readonly {
    readonly id: string;
    readonly step: ConstructionStep;
    readonly why: readonly string[];
    /** What it repeats. */
    readonly twin?: string;
  }[];
}

export function sift(candidates: readonly Candidate[], sieve: Sieve): Sifted {
  const dropped: Sifted['dropped'][number][] = [];
  const drop = (id: string, step: ConstructionStep, why: string, twin?: string): void =>
    void dropped.push({ id, step, why: [why], ...(twin === undefined ? {} : { twin }) });

  const fit = candidates.filter(({ id, passRate, licence, task }) => {
    const hardness = sieve.unfit?.(task) ?? (passRate === null ? undefined : outside(passRate, sieve.difficulty));
    if (hardness !== undefined) drop(id, 'difficulty', hardness);
    else if (!sieve.licences.includes(licence)) drop(id, 'licence', `${licence} is not among the licences of this set`);
    else return true;
    return false;
  });
  const twins = firstTwins(fit, sieve.alike);
  const single = fit.filter(({ id }) => {
    const twin = twins.get(id);
    if (twin === undefined) return true;
    drop(id, 'duplicate', `nearly the same as ${twin}`, twin);
    return false;
  });
  const seen = readBefore(single, sieve.known);
  const kept = single.filter(({ id }) => {
    const why = seen.get(id);
    if (why !== undefined) drop(id, 'contamination', why);
    return why === undefined;
  });
  return { kept, dropped };
}

function outside({ solved, tried }: PassRate, { min, max }: Sieve['difficulty']): string | undefined {
  const rate = solved / tried;
  if (rate < min) return `too hard: solved ${solved} of ${tried}, less than ${min}`;
  return rate > max ? `too easy: solved ${solved} of ${tried}, more than ${max}` : undefined;
}

/** For each task that is like an earlier one which is kept: that earlier one. */
function firstTwins(tasks: readonly Candidate[], alike: number): Map<string, string> {
  const twins = new Map<string, string>();
  const pairs = nearDuplicates(
    tasks.map(({ substance }) => substance),
    alike,
  );
  // By the later one, so that whether the earlier one is kept is known.
  for (const { a, b } of [...pairs].sort((x, y) => x.b - y.b || x.a - y.a)) {
    const [first, second] = [tasks[a]!, tasks[b]!];
    // Variants are alike on purpose, and lie in one split because they share their family.
    if (!twins.has(first.id) && !twins.has(second.id) && !related(first, second)) twins.set(second.id, first.id);
  }
  return twins;
}

const related = (a: Candidate, b: Candidate): boolean =>
  a.family === b.family &&
  (a.parents.includes(b.id) || b.parents.includes(a.id) || a.parents.some((parent) => b.parents.includes(parent)));

/** Where each task was met, for those that were. */
function readBefore(tasks: readonly Candidate[], known: readonly Given[]): Map<string, string> {
  const guarded = tasks.map(({ id, substance, canary }) => ({ task: id, texts: [substance], canary }));
  const seen = new Map<string, string>();
  for (const { kind, name, overlaps } of scanForTasks(known, guarded)) {
    for (const { task, canary, shared, runs } of overlaps) {
      const what = canary ? 'holds its canary' : `shares ${shared} of its ${runs} runs of words`;
      if (!seen.has(task)) seen.set(task, `the ${kind} ${name} ${what}`);
    }
  }
  return seen;
}
