// From certified tasks to those that a set is made of: what is too easy or too hard, has no licence for it, repeats another or was read
// by the policy before is dropped, with its reason. Pure: the same tasks in the same order give the same answer.
import type { ConstructionStep, PassRate } from '../../contracts/artifact-set.ts';

export interface Candidate {
  readonly id: string;
  readonly family: string;
  readonly licence: string;
  readonly substance: string;
  readonly parents: readonly string[];
  readonly passRate: PassRate | null;
}

export interface Sieve {
  /** Pass rates between these are kept, and so are tasks that nobody measured. */
  readonly difficulty: { readonly min: number; readonly max: number };
  /** SPDX identifiers. */
  readonly licences: readonly string[];
  /** Texts that are nearly the same, transitively: for each but the first of them the id of that first. */
  readonly twins: (texts: readonly { readonly id: string; readonly text: string }[]) => ReadonlyMap<string, string>;
  /** Where a text was seen that a policy can read, in words; undefined: nowhere. */
  readonly seenIn: (text: string) => string | undefined;
}

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

/** What may be trained on and handed on; a set may allow others. */
export const PERMISSIVE = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSL-1.0', 'CC-BY-4.0', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0'],
  ...['PSF-2.0', 'Python-2.0', 'Unlicense', 'Zlib'],
] as const;

export function sift(candidates: readonly Candidate[], sieve: Sieve): Sifted {
  const dropped: Sifted['dropped'][number][] = [];
  const drop = (id: string, step: ConstructionStep, why: string, twin?: string): void =>
    void dropped.push({ id, step, why: [why], ...(twin === undefined ? {} : { twin }) });

  const fit = candidates.filter(({ id, passRate, licence }) => {
    const hardness = passRate === null ? undefined : outside(passRate, sieve.difficulty);
    if (hardness !== undefined) drop(id, 'difficulty', hardness);
    else if (!sieve.licences.includes(licence)) drop(id, 'licence', `${licence} is not among the licences of this set`);
    else return true;
    return false;
  });
  const twins = sieve.twins(fit.map(({ id, substance }) => ({ id, text: substance })));
  const byId = new Map(fit.map((one) => [one.id, one]));
  const single = fit.filter((one) => {
    const twin = twins.get(one.id);
    // Variants are alike on purpose, and lie in one split because they share their family.
    if (twin === undefined || related(one, byId.get(twin)!)) return true;
    drop(one.id, 'duplicate', `nearly the same as ${twin}`, twin);
    return false;
  });
  const kept = single.filter(({ id, substance }) => {
    const where = sieve.seenIn(substance);
    if (where !== undefined) drop(id, 'contamination', where);
    return where === undefined;
  });
  return { kept, dropped };
}

function outside({ solved, tried }: PassRate, { min, max }: Sieve['difficulty']): string | undefined {
  const rate = solved / tried;
  if (rate < min) return `solved ${solved} of ${tried} times, less than ${min}`;
  return rate > max ? `solved ${solved} of ${tried} times, more than ${max}` : undefined;
}

const related = (a: Candidate, b: Candidate): boolean =>
  a.family === b.family &&
  (a.parents.includes(b.id) || b.parents.includes(a.id) || a.parents.some((parent) => b.parents.includes(parent)));
