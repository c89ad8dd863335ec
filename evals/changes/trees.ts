// The four trees that tell what a change does: before and after it, each with its tests and with those that were there. Pure.
import { kindOf } from '../repository-tests/classify.ts';
import type { Artifact } from '../verifiers/artifact.ts';

/** Runs with the tests and decides how: as good as a test, wherever it lies. */
const RUNS_WITH_TESTS = /(^|\/)(conftest\.py|pytest\.ini|tox\.ini|(site|user)customize\.py|[^/]*\.pth)$/;
const isOfTests = (path: string): boolean => kindOf(path) === 'test' || RUNS_WITH_TESTS.test(path);

export interface Trees<Each> {
  readonly before: Each;
  /** With the tests that the change adds or alters. */
  readonly beforeWithItsTests: Each;
  readonly after: Each;
  /** With the tests that were there, all of them and no others: what was weakened or removed is there again. */
  readonly afterWithTheirTests: Each;
}

export function treesOf(before: Artifact, after: Artifact): Trees<Artifact> {
  const some = (tree: Artifact, isIt: (path: string) => boolean) => [...tree].filter(([path]) => isIt(path));
  const changed = some(after, (path) => isOfTests(path) && isUnlike(before, after, path));
  return {
    before,
    beforeWithItsTests: laidOver(before, changed),
    after,
    afterWithTheirTests: laidOver(new Map(some(after, (path) => !isOfTests(path))), some(before, isOfTests)),
  };
}

/** What lies on the way of what is laid over it gives way: no file system holds a file and a folder of one name. */
function laidOver(tree: Artifact, over: readonly (readonly [string, Uint8Array])[]): Artifact {
  const clash = (path: string): boolean =>
    over.some(([other]) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`));
  return new Map([...[...tree].filter(([path]) => !clash(path)), ...over]);
}

export function isUnlike(before: Artifact, after: Artifact, path: string): boolean {
  const [one, other] = [before.get(path), after.get(path)];
  return one === undefined || other === undefined ? one !== other : !Buffer.from(one).equals(other);
}
