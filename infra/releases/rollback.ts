// Where a rollback goes. Said twice, the same command goes there once: the pointer's own history tells what was done, and
// moves with it in one compare-and-swap, so there is nothing that a killed process could leave half done.
import { AnnealError } from '../../contracts/errors.ts';
import type { ReleasedPointer } from '../../contracts/release.ts';

type Entry = ReleasedPointer['history'][number];

/**
 * The entry that a rollback makes current; undefined when it already is.
 *
 * Without `to`: the release before the newest one. If the newest thing that happened is a rollback, that was this one: to go
 * further back one must say where to. With `to`: that earlier release.
 * @throws AnnealError `release.nothing_to_roll_back`
 */
export function rollbackTarget(pointer: ReleasedPointer, to: string | undefined): Entry | undefined {
  const [current, ...earlier] = standing(pointer).reverse();
  if (to === undefined) {
    if (pointer.history.at(-1)?.how === 'rollback') return undefined;
    const before = earlier[0];
    if (before !== undefined) return before;
    throw new AnnealError('release.nothing_to_roll_back', `${pointer.base} has no earlier release`);
  }
  if (current?.policy === to) return undefined;
  const named = earlier.find((entry) => entry.policy === to);
  if (named !== undefined) return named;
  const known = earlier.map((entry) => entry.policy).join(', ') || 'none';
  throw new AnnealError('release.nothing_to_roll_back', `${to} is not released before ${current?.policy}: ${known}`);
}

/** Releases that were not rolled back, oldest first: they stack up, and a rollback takes off all above the one it goes to. */
function standing(pointer: ReleasedPointer): Entry[] {
  const stack: Entry[] = [];
  for (const entry of pointer.history) {
    if (entry.how === 'release') stack.push(entry);
    else while (stack.length > 0 && stack.at(-1)?.manifest.sha256 !== entry.manifest.sha256) stack.pop();
  }
  return stack;
}
