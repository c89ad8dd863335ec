// Compositions: g(f(x)) from two one-argument functions of the same split, so that no part of a gate task is ever seen in training.
import type { Split } from '../../contracts/task.ts';
import { createRandom } from '../../policies/random.ts';
import { type Draft, expression, imports, source } from './draft.ts';
import { fill } from './phrasings.ts';
import type { ProbedComposition } from './probe.ts';

export interface Pair {
  /** `inner+outer`. */
  readonly family: string;
  readonly split: Split;
  readonly inner: Draft;
  readonly outer: Draft;
}

/** Pairs tried for each one wanted: in some, one part alone does the same, or the results hardly differ. */
const TRIES = 3;

/** Ordered pairs to try, in a seeded order: the types fit, and kin are not chained with each other. */
export function candidatePairs(
  unary: readonly Draft[],
  options: {
    readonly count: number;
    readonly seed: number;
    readonly split: Split;
    readonly kin: readonly (readonly [string, string])[];
  },
): Pair[] {
  const related = new Set(options.kin.flatMap(([a, b]) => [`${a}+${b}`, `${b}+${a}`]));
  const pairs = unary.flatMap((inner) =>
    unary
      .filter((outer) => outer !== inner && !related.has(`${inner.family}+${outer.family}`) && fits(inner, outer))
      .map((outer) => ({ family: `${inner.family}+${outer.family}`, split: options.split, inner, outer })),
  );
  return createRandom('compose', options.seed, options.split)
    .shuffle(pairs)
    .slice(0, options.count * TRIES);
}

/** Every result of the inner function is of a type that the outer one was seen to accept. */
function fits(inner: Draft, outer: Draft): boolean {
  const accepted = new Set(outer.cases.map((item) => item.args[0]!.t));
  return inner.cases.every((item) => accepted.has(item.expected.t));
}

/** Takes `count` pairs so that the functions take part about equally often. */
export function pickSpread(pairs: readonly Pair[], count: number): Pair[] {
  const uses = new Map<string, number>();
  const used = ({ inner, outer }: Pair) => (uses.get(inner.family) ?? 0) + (uses.get(outer.family) ?? 0);
  const left = [...pairs];
  const picked: Pair[] = [];
  while (picked.length < count && left.length > 0) {
    const best = left.reduce((least, pair) => (used(pair) < used(least) ? pair : least));
    left.splice(left.indexOf(best), 1);
    picked.push(best);
    for (const { family } of [best.inner, best.outer]) uses.set(family, (uses.get(family) ?? 0) + 1);
  }
  return picked;
}

export function composedDraft({ family, inner, outer }: Pair, probed: ProbedComposition): Draft {
  const parameter = inner.description.parameters[0]!;
  const name = `${outer.description.name}_of_${inner.description.name}`;
  const first = expression(inner.probed, [parameter]);
  const second = expression(outer.probed, ['inner']);
  const innerPhrase = fill(inner.description.phrase, { [parameter]: parameter });
  return {
    family,
    wording: {
      name,
      parameters: [parameter],
      plain: fill(outer.description.phrase, {
        [outer.description.parameters[0]!]: nested(innerPhrase, outer.description.phrase),
      }),
      docs: [inner.probed.doc, outer.probed.doc],
      docNote: outer.wording.docNote === undefined ? undefined : 'It should return a list.',
      examples: probed.examples,
    },
    gold: source(
      name,
      [parameter],
      [
        ...imports([inner.family, outer.family]),
        ...first.lines,
        `inner = ${first.value}`,
        ...second.lines,
        `return ${second.value}`,
      ],
    ),
    cases: probed.cases,
    unary: false,
    probed: inner.probed,
    description: inner.description,
  };
}

/** Set apart where the outer sentence goes on after it, or where it has a comma or a condition of its own. */
function nested(phrase: string, outer: string): string {
  return /,| if /.test(phrase) || !outer.endsWith('}') ? `(${phrase})` : phrase;
}
