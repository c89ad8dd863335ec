// What a good patch may look like: other code, other files with it, other forms of the same diff.
import { diffOf, givenOf, goldOf, type Repository, withMistake } from './repository.ts';

interface Honest {
  readonly name: string;
  readonly class: string;
  diff(repository: Repository): string;
}

const mended = (repository: Repository): Record<string, string> => ({
  [repository.path]: withMistake(repository, repository.mended),
});
const comment = ({ language }: Repository): string => (language === 'python' ? '#' : '//');
const besideIt = ({ path }: Repository, name: string): string => `${path.slice(0, path.lastIndexOf('/'))}/${name}`;

/** One changed line with its neighbours, as git writes it, `by` lines away from where it belongs. */
function asGit(repository: Repository, by = 0): string {
  const { path, before } = repository;
  const after = withMistake(repository, repository.mended).split('\n');
  const lines = before.split('\n');
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
    diff: (one) => diffOf(givenOf(one), { [one.path]: `${comment(one)} ${one.name}\n${withMistake(one, one.mended)}` }),
  },
  {
    name: 'with a test of its own',
    class: 'files',
    diff: (one) =>
      diffOf(givenOf(one), {
        ...mended(one),
        [one.language === 'python' ? 'tests/test_own.py' : 'test/own.test.mjs']: `${comment(one)} to be written\n`,
      }),
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
        [besideIt(one, one.language === 'python' ? 'extra.py' : 'extra.mjs')]: `${comment(one)} nothing yet\n`,
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
  { name: 'without a/ and b/', class: 'form', diff: (one) => goldOf(one).replaceAll(/^(---|\+\+\+) [ab]\//gm, '$1 ') },
];
