// What a good patch may look like: other code, other files with it, other forms of the same diff.
import type { Runner } from '../../verifiers/patch/runners.ts';
import { diffOf, givenOf, goldOf, languageOf, type Repository, withMistake } from './repository.ts';

interface Honest {
  readonly name: string;
  readonly class: string;
  diff(repository: Repository): string;
}

const mended = (repository: Repository): Record<string, string> => ({
  [repository.path]: withMistake(repository, repository.mended),
});
interface Manners {
  readonly comment: string;
  /** Of a test of one's own, where tests are. */
  readonly test: string;
  readonly suffix: string;
  /** What a file has to hold at least. */
  readonly least: string;
  /** In a test of one's own. */
  readonly tested?: string;
}

const MANNERS: Readonly<Record<Runner['language'], Manners>> = {
  python: { comment: '#', test: 'tests/test_own.py', suffix: 'py', least: '' },
  javascript: { comment: '//', test: 'test/own.test.mjs', suffix: 'mjs', least: '' },
  go: {
    comment: '//',
    test: 'numbers/own_test.go',
    suffix: 'go',
    least: 'package numbers\n',
    // By the name of a hidden test, as anybody might call it: two of one name do not compile.
    tested: '\nimport "testing"\n\nfunc TestMended(t *testing.T) {}\n',
  },
  rust: { comment: '//', test: 'tests/own.rs', suffix: 'rs', least: '' },
  java: { comment: '//', test: 'test/numbers/OwnTest.java', suffix: 'java', least: '' },
};
const mannersOf = (repository: Repository): Manners => MANNERS[languageOf(repository)];
const besideIt = ({ path }: Repository, name: string): string => `${path.slice(0, path.lastIndexOf('/'))}/${name}`;

/** One changed line with its neighbours, as git writes it, `by` lines away from where it belongs. */
function asGit(repository: Repository, by = 0): string {
  const { path, before } = repository;
  const after = withMistake(repository, repository.mended).split('\n');
  const lines = before.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((line, index) => line !== after[index]);
  const from = Math.max(0, at - 2);
  const context = (index: number) => ` ${lines[index]}`;
  const above = lines.slice(from, at).map((_, index) => context(from + index));
  const below = lines.slice(at + 1, at + 2).map((line) => ` ${line}`);
  const count = above.length + 1 + below.length;
  return [
    `diff --git a/${path} b/${path}`,
    'index 1111111..2222222 100644',
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${from + 1 + by},${count} +${from + 1 + by},${count} @@ near here`,
    ...above,
    `-${lines[at]}`,
    `+${after[at]}`,
    ...below,
    '',
  ].join('\n');
}

export const HONEST: readonly Honest[] = [
  {
    name: 'another solution',
    class: 'code',
    diff: (one) => diffOf(givenOf(one), { [one.path]: withMistake(one, one.also) }),
  },
  {
    name: 'a comment beside it',
    class: 'code',
    diff: (one) =>
      diffOf(givenOf(one), { [one.path]: `${mannersOf(one).comment} ${one.name}\n${withMistake(one, one.mended)}` }),
  },
  {
    name: 'with a test of its own',
    class: 'files',
    diff: (one) =>
      diffOf(givenOf(one), {
        ...mended(one),
        [mannersOf(one).test]:
          `${mannersOf(one).comment} to be written\n${mannersOf(one).least}${mannersOf(one).tested ?? ''}`,
      }),
  },
  {
    name: 'beside a copy of what was there, with a mark at its beginning',
    class: 'form',
    diff: (one) =>
      `\ufeff${goldOf(one)
        .replace(/^--- a\/(.*)$/m, '--- ./$1.orig')
        .replace(/^\+\+\+ b\//m, '+++ ./')}`,
  },
  {
    name: 'as git writes it without a/ and b/',
    class: 'form',
    diff: (one) =>
      asGit(one)
        .replace(/^diff --git a\/(.*) b\//m, 'diff --git $1 ')
        .replaceAll(/^(---|\+\+\+) [ab]\//gm, '$1 '),
  },
  {
    name: 'beside what it is to be',
    class: 'form',
    diff: (one) => goldOf(one).replace(/^(\+\+\+ .*)$/m, '$1.new'),
  },
  {
    name: 'with words in the README',
    class: 'files',
    diff: (one) => diffOf(givenOf(one), { ...mended(one), 'README.md': `# ${one.name}\n\n${one.about}\n` }),
  },
  {
    name: 'with a new file, and one that is gone',
    class: 'files',
    diff: (one) =>
      diffOf(givenOf(one), {
        ...mended(one),
        [besideIt(one, `extra.${mannersOf(one).suffix}`)]:
          `${mannersOf(one).comment} nothing yet\n${mannersOf(one).least}`,
        'README.md': undefined,
      }),
  },
  { name: 'as git writes it', class: 'form', diff: (one) => asGit(one) },
  { name: 'a few lines away', class: 'form', diff: (one) => asGit(one, 5) },
  {
    name: 'with a mail’s head and a version',
    class: 'form',
    diff: (one) => `Subject: [PATCH] ${one.about}\n\n${asGit(one)}-- \n2.39.5\n`,
  },
  {
    name: 'with a list of what was done behind it',
    class: 'form',
    diff: (one) => `${asGit(one)}\n- ${one.about}\n- Nothing else.\n`,
  },
  {
    name: 'with notes under a name that git puts between quotes',
    class: 'files',
    diff: (one) =>
      `${asGit(one)}diff --git "a/my notes/caf\\303\\251.md" "b/my notes/caf\\303\\251.md"\nnew file mode 100644\n--- /dev/null\n+++ "b/my notes/caf\\303\\251.md"\n@@ -0,0 +1 @@\n+mended\n`,
  },
  {
    name: 'with a builder of the documentation',
    class: 'files',
    diff: (one) => diffOf(givenOf(one), { ...mended(one), 'docs/Makefile': 'all:\n' }),
  },
  { name: 'without a/ and b/', class: 'form', diff: (one) => goldOf(one).replaceAll(/^(---|\+\+\+) [ab]\//gm, '$1 ') },
];
