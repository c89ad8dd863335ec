// From what tests said in the four trees to what that says of the change. Pure.
import type { CheckedChange } from '../../contracts/change.ts';
import type { Outcomes } from '../repository-tests/environment.ts';
import { fileOf } from '../verifiers/patch/runners.ts';
import type { Trees } from './trees.ts';

export type Compared = Trees<Outcomes>;

/**
 * @param own files of tests that the change adds or alters
 * @param again the same once more, of some files
 */
export function compared(
  runs: Compared,
  own: readonly string[],
  again?: { readonly outcomes: Compared; readonly files: ReadonlySet<string> },
): Omit<CheckedChange, 'runner' | 'seconds'> {
  const ids = [...new Set(Object.values(runs).flatMap((outcomes: Outcomes) => [...outcomes.keys()]))].sort();
  const { before, beforeWithItsTests, after, afterWithTheirTests } = runs;
  const unsteady = new Set(again === undefined ? [] : unlike(runs, again.outcomes, again.files));
  const steady = (isIt: (id: string) => boolean): string[] => ids.filter((id) => !unsteady.has(id) && isIt(id));
  const passed = (outcomes: Outcomes, id: string): boolean => outcomes.get(id) === true;
  const isOwn = (id: string): boolean => own.includes(fileOf(id));
  const broken = steady((id) => passed(before, id) && !passed(afterWithTheirTests, id));
  const turned = steady(
    (id) =>
      (!passed(beforeWithItsTests, id) && passed(after, id)) ||
      (before.get(id) === false && passed(afterWithTheirTests, id)),
  );
  const silent = own.filter((file) => !says(after, file) && !unsteady.has(file));
  return {
    // A test that was altered until it passes, and does not in its old words, proves nothing.
    failToPass: turned.filter((id) => !broken.includes(id)),
    passToPass: steady((id) => passed(before, id) && passed(afterWithTheirTests, id)).length,
    broken,
    // One that failed before and does now was not made by the change; a file of its own that says nothing is named itself.
    failing: [...steady((id) => isOwn(id) && after.get(id) === false && before.get(id) !== false), ...silent].sort(),
    unsteady: [...unsteady].sort(),
  };
}

const says = (outcomes: Outcomes, file: string): boolean => [...outcomes.keys()].some((id) => fileOf(id) === file);

/** Tests, and files of them that said something only once. */
function unlike(first: Compared, second: Compared, files: ReadonlySet<string>): string[] {
  const names = ['before', 'beforeWithItsTests', 'after', 'afterWithTheirTests'] as const;
  return names.flatMap((name) => {
    const [one, other] = [first[name], second[name]];
    const ids = [...new Set([...one.keys(), ...other.keys()])].filter((id) => files.has(fileOf(id)));
    const silent = [...files].filter((file) => says(one, file) !== says(other, file));
    return [...ids.filter((id) => one.get(id) !== other.get(id)), ...silent];
  });
}
