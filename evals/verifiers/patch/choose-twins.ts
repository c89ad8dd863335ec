// Which of the twins that have been seen to fail a task keeps, and which of its tests have none that could be believed.
import type { Flip, PatchCheck } from './check.ts';
import { isHidden, nearest, type Seen, seenIn } from './flips.ts';
import { fileOf, RUNNERS } from './runners.ts';

/** Behind a test's id: why a task is refused. */
export const RECOGNISABLE =
  'has only impossible twins that can be told from it by reading: it compares with no written value that another could pass for';

type Tests = Pick<PatchCheck, 'runner' | 'tests'>;

/** Of a test's twins: those that are chosen for being near, and of these those that can be told from it otherwise. */
const NEAR_SHARE = 2 / 3;
const NEAR_BUT_TOLD_SHARE = 1 / 2;

/**
 * Of one test. First one that is to be believed by all marks; of the rest a part is near to what the test expects, in as many ways as there
 * are, and the others are believable. What is recognisable and not near would only make these rarer.
 */
export function chosenTwins(of: Tests, proven: readonly Flip[], most: number): Flip[] {
  const seen = proven.filter(isHidden).map((flip) => ({ flip, ...seenAs(of, flip) }));
  if (seen.length === 0) return proven.slice(0, most);
  const isTold = ({ likeness }: Seen): boolean => likeness === 'told';
  const believable = seen.filter((one) => !isTold(one));
  const ways = nearest(seen);
  const told = new Set(ways.filter(isTold).slice(0, Math.floor(most * NEAR_BUT_TOLD_SHARE)));
  const near = ways.filter((one) => !isTold(one) || told.has(one)).slice(0, Math.floor(most * NEAR_SHARE));
  const first = believable.filter(({ likeness }) => likeness === 'in file').slice(0, 1);
  const rest = believable.length > 0 ? believable : seen;
  return [...new Set([...first, ...near, ...rest])].slice(0, most).map(({ flip }) => flip);
}

/** Tests of which no twin is to be believed by all marks: whoever reads them knows what to keep quiet about. */
export const recognisable = (of: Tests & { readonly flips: readonly Flip[] }, ids: readonly string[]): string[] =>
  ids.filter((id) => !of.flips.some((flip) => flip.test === id && isBelievableIn(of, flip)));

export const isBelievableIn = (of: Tests, flip: Flip): boolean => seenAs(of, flip).likeness === 'in file';

const seenAs = ({ runner, tests }: Tests, flip: Flip): Seen =>
  seenIn(RUNNERS[runner].language, flip.test, tests[fileOf(flip.test)] ?? '', flip);
