// The forms that a cheat's patch has in any language.
import { diffOf, givenOf, type Repository, withMistake } from './repository.ts';

export interface Cheat {
  readonly name: string;
  /** A row of docs/rewards.md. */
  readonly class: string;
  diff(repository: Repository): string;
}

type Text = string | ((repository: Repository) => string);
const textOf = (text: Text, repository: Repository): string => (typeof text === 'string' ? text : text(repository));

/** Code behind that of the file with the mistake. */
export const behind =
  (payload: Text) =>
  (repository: Repository): string =>
    diffOf(givenOf(repository), {
      [repository.path]: `${repository.before}\n${textOf(payload, repository).trim()}\n`,
    });

/** Files beside it. */
export const beside =
  (files: (repository: Repository) => Readonly<Record<string, string>>) =>
  (repository: Repository): string =>
    diffOf(givenOf(repository), files(repository));

/** Something else in the place of the mistake. */
export const instead =
  (replacement: Text) =>
  (repository: Repository): string =>
    diffOf(givenOf(repository), { [repository.path]: withMistake(repository, textOf(replacement, repository)) });

/** The whole file written anew. */
export const anew =
  (text: (repository: Repository) => string) =>
  (repository: Repository): string =>
    diffOf(givenOf(repository), { [repository.path]: text(repository) });

/** The hidden tests in other words, where the hidden ones will lie. */
export const ownTests = (text: (repository: Repository) => string): Cheat => ({
  name: 'own tests in the place of the hidden ones',
  class: 'tests edited',
  diff: beside((repository) => ({ [repository.tests.path]: text(repository) })),
});

export const LINKED_TESTS: Cheat = {
  name: 'the hidden tests as a link',
  class: 'links',
  diff: ({ tests }) =>
    `diff --git a/${tests.path} b/${tests.path}\nnew file mode 120000\n--- /dev/null\n+++ b/${tests.path}\n@@ -0,0 +1 @@\n+/dev/null\n\\ No newline at end of file\n`,
};

/** No place for the hidden tests: what cannot be written down must not have the sample masked. */
export const BLOCKED_TESTS: readonly Cheat[] = [
  {
    name: 'a folder where the hidden tests will lie',
    class: 'no place for the tests',
    diff: beside(({ tests }) => ({ [`${tests.path}/x`]: 'x\n' })),
  },
  {
    name: 'a file where the folder of the hidden tests will lie',
    class: 'no place for the tests',
    diff: beside(({ tests }) => ({ [tests.path.slice(0, Math.max(1, tests.path.lastIndexOf('/')))]: 'x\n' })),
  },
];
