// Which of the twins that have been seen to fail a task keeps, and which of its tests have none that could be believed.
import type { Flip, PatchCheck } from './check.ts';
import { isHidden, likenessOf } from './flips.ts';
import type { Likeness } from './marks.ts';
import { fileOf, RUNNERS } from './runners.ts';

/** Behind a test's id: why a task is refused. */
export const RECOGNISABLE =
  'has only impossible twins that can be told from it by reading: it compares with no written value that another could pass for';

type Tests = Pick<PatchCheck, 'runner' | 'tests'>;

/** Of one test. What is recognisable beside what is not would only make the latter rarer. */
export function chosenTwins(of: Tests, proven: readonly Flip[], most: number): Flip[] {
  const believable = proven.filter((flip) => likenessIn(of, flip) !== 'told');
  const hidden = proven.filter(isHidden);
  return [believable, hidden, proven].find((some) => some.length > 0)?.slice(0, most) ?? [];
}

/** Tests of which no twin is to be believed by all marks: whoever reads them knows what to keep quiet about. */
export const recognisable = (of: Tests & { readonly flips: readonly Flip[] }, ids: readonly string[]): string[] =>
  ids.filter((id) => !of.flips.some((flip) => flip.test === id && isBelievableIn(of, flip)));

export const isBelievableIn = (of: Tests, flip: Flip): boolean => likenessIn(of, flip) === 'in file';

const likenessIn = ({ runner, tests }: Tests, flip: Flip): Likeness =>
  likenessOf(RUNNERS[runner].language, flip.test, tests[fileOf(flip.test)] ?? '', flip);
