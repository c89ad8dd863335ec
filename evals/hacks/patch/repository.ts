// From a small repository to a patch task, and from changed files to a diff.

import { createRandom } from '../../../policies/random.ts';
import { PATCH_FILE, patchCheck, type RunnerName } from '../../verifiers/patch/check.ts';
import { chosenTwins } from '../../verifiers/patch/choose-twins.ts';
import { isHidden, proposeFlips } from '../../verifiers/patch/flips.ts';
import { RUNNERS } from '../../verifiers/patch/runners.ts';

export interface Repository {
  readonly name: string;
  /** What it is told apart by from repositories of the same name. */
  readonly runner: RunnerName;
  /** The file with the mistake. */
  readonly path: string;
  readonly about: string;
  readonly before: string;
  /** What is wrong in it, what it should be, and what it might be as well. */
  readonly broken: string;
  readonly mended: string;
  readonly also: string;
  /** Files that its tests cannot be run without. */
  readonly project?: Files;
  /** Folders that modules are imported from. */
  readonly sources?: readonly string[];
  readonly tests: {
    readonly path: string;
    readonly text: string;
    /** Without the file. */
    readonly failToPass: readonly string[];
    readonly passToPass: readonly string[];
  };
}

type Files = Readonly<Record<string, string>>;

export const languageOf = ({ runner }: Repository) => RUNNERS[runner].language;

export const givenOf = (repository: Repository): Files => ({
  ...repository.project,
  [repository.path]: repository.before,
  'README.md': `# ${repository.name}\n`,
});

export const idsOf = ({ tests }: Repository) => ({
  failToPass: tests.failToPass.map((id) => `${tests.path}::${id}`),
  passToPass: tests.passToPass.map((id) => `${tests.path}::${id}`),
});

export function checkOf(repository: Repository) {
  const { runner, sources = [''], tests } = repository;
  const { failToPass, passToPass } = idsOf(repository);
  // Every expected value here is written out, which certification confirms (evals/verifiers/patch/certify.test.ts).
  const flips = [...failToPass, ...passToPass].flatMap((id) =>
    chosenTwins(
      { runner, tests: { [tests.path]: tests.text } },
      proposeFlips(RUNNERS[runner].language, id, tests.text, createRandom('corpus', id)).filter(isHidden),
      6,
    ),
  );
  return patchCheck.parse({
    kind: 'fix',
    runner,
    sources,
    // A virtual machine that starts on a busy one is nobody's wrong answer.
    ...(runner === 'unittest' || runner === 'node-test' ? {} : { secondsPerTest: 120 }),
    tests: { [tests.path]: tests.text },
    failToPass,
    passToPass,
    flips,
  });
}

/** The repository's file with its mistake replaced, and more text behind it. */
export const withMistake = ({ before, broken }: Repository, replacement: string): string =>
  before.replace(broken, () => replacement);

/** A diff from the given files to these; undefined deletes one. */
export function diffOf(given: Files, changed: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(changed)
    .map(([path, after]) => {
      const before = given[path];
      const [old, now] = [linesOf(before), linesOf(after)];
      const range = (lines: readonly string[]) => `${lines.length === 0 ? 0 : 1},${lines.length}`;
      return [
        `--- ${before === undefined ? '/dev/null' : `a/${path}`}`,
        `+++ ${after === undefined ? '/dev/null' : `b/${path}`}`,
        `@@ -${range(old)} +${range(now)} @@`,
        ...old.map((line) => `-${line}`),
        ...now.map((line) => `+${line}`),
        '',
      ].join('\n');
    })
    .join('');
}

/** Of a text that ends in a newline. */
const linesOf = (text: string | undefined): string[] => (text === undefined ? [] : text.replace(/\n$/, '').split('\n'));

export const handedIn = (diff: string) => ({ [PATCH_FILE]: diff });
export const goldOf = (repository: Repository): string =>
  diffOf(givenOf(repository), { [repository.path]: withMistake(repository, repository.mended) });
