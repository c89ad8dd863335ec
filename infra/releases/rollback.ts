// Where a rollback goes. Said twice, the same command goes there once: the pointer's own history tells what was done, and
// moves with it in one compare-and-swap, so there is nothing that a killed process could leave half done.
import { AnnealError } from '../../contracts/errors.ts';
import type { ReleasedPointer } from '../../contracts/release.ts';

type Entry = Pick<ReleasedPointer['history'][number], 'policy' | 'manifest'>;
const BASE_MODEL: Entry = { policy: null, manifest: null };

/**
 * The entry that a rollback makes current; undefined when it already is.
 *
 * Without `to`: the release before the newest one, before the first the base model. If the newest thing that happened is a rollback, that was this one: to go
 * further back one must say where to. With `to`: that earlier release.
 * @throws AnnealError `release.nothing_to_roll_back`
 */
export function rollbackTarget(pointer: ReleasedPointer, to: string | undefined): Entry | undefined {
  const [current, ...earlier] = standing(pointer).reverse();
  if (to === undefined) {
    if (pointer.history.at(-1)?.how === 'rollback') return undefined;
    return earlier[0] ?? BASE_MODEL;
  }
  if (current?.policy === to) return undefined;
  const named = earlier.find((entry) => entry.policy === to);
  if (named !== undefined) return named;
  const known = earlier.map((entry) => entry.policy).join(', ') || 'none';
  throw new AnnealError(
    'release.nothing_to_roll_back',
    `${to} is not released before ${current?.policy ?? pointer.base}: ${known}`,
  );
}

/** Releases that were not rolled back, oldest first: they stack up, and a rollback takes off all above the one it goes to. */
function standing(pointer: ReleasedPointer): Entry[] {
  const stack: Entry[] = [];
  for (const entry of pointer.history) {
    if (entry.how === 'release') stack.push(entry);
    else while (stack.length > 0 && stack.at(-1)?.manifest?.sha256 !== entry.manifest?.sha256) stack.pop();
  }
  return stack;
}
