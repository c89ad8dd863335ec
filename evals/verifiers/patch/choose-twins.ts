// Which of the twins that have been seen to fail a task keeps, and which of its tests have none that could be believed.
import type { Flip, PatchCheck } from './check.ts';
import { isBelievable, isHidden } from './flips.ts';
import { fileOf, RUNNERS } from './runners.ts';

/** Behind a test's id: why a task is refused. */
export const RECOGNISABLE =
  'has only impossible twins that can be told from it by reading: it compares with no written value that another could pass for';

/** Of one test. What is recognisable beside what is not would only make the latter rarer. */
export function chosenTwins(of: Pick<PatchCheck, 'runner' | 'tests'>, proven: readonly Flip[], most: number): Flip[] {
  const believable = proven.filter((flip) => isBelievableIn(of, flip));
  const hidden = proven.filter(isHidden);
  return [believable, hidden, proven].find((some) => some.length > 0)?.slice(0, most) ?? [];
}

/** Tests of which no twin is to be believed: whoever reads them knows what to keep quiet about. */
export const recognisable = (
  of: Pick<PatchCheck, 'runner' | 'tests'> & { readonly flips: readonly Flip[] },
  ids: readonly string[],
): string[] => ids.filter((id) => !of.flips.some((flip) => flip.test === id && isBelievableIn(of, flip)));

export const isBelievableIn = ({ runner, tests }: Pick<PatchCheck, 'runner' | 'tests'>, flip: Flip): boolean =>
  isBelievable(RUNNERS[runner].language, flip.test, tests[fileOf(flip.test)] ?? '', flip);
