import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { artifactOf, textOf } from '../artifact.ts';
import { applyChanges } from './apply.ts';
import { PatchProblem, parseDiff } from './diff.ts';
import { forbidden } from './paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

const apply = (given: Record<string, string | Uint8Array>, diff: string): Record<string, string | undefined> =>
  Object.fromEntries(
    [...applyChanges(artifactOf(given), parseDiff(diff))].map(([path, bytes]) => [path, textOf(bytes)]),
  );
const problem = (given: Record<string, string | Uint8Array>, diff: string): string => {
  try {
    apply(given, diff);
    return 'none';
  } catch (failure) {
    if (!(failure instanceof PatchProblem)) throw failure;
    return failure.message;
  }
};

const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', ' x', '-- ', '+y', '@@ -1 +1 @@', 'diff --git a/f b/f'), {
  maxLength: 14,
});
const text = fc
  .tuple(lines, fc.boolean())
  .map(([all, open]) => (all.length === 0 ? '' : all.join('\n') + (open ? '' : '\n')));

test.each(['0', '1', '3'])('what git writes with %s lines of context is what we apply', (context) => {
  const pairs = fc.sample(fc.tuple(text, text), 200).filter(([before, after]) => before !== after);
  const at = mkdtempSync(join(folder, 'x'));
  for (const side of ['a', 'b']) mkdirSync(join(at, side));
  for (const [index, [before, after]] of pairs.entries()) {
    writeFileSync(join(at, 'a', `f${index}`), before);
    writeFileSync(join(at, 'b', `f${index}`), after);
  }
  const git = spawnSync('git', ['diff', '--no-index', '--no-prefix', `-U${context}`, 'a', 'b'], {
    cwd: at,
    encoding: 'utf8',
  });
  const diffs = git.stdout.split(/^(?=diff --git a\/f\d+ b\/f\d+$)/m);
  expect(diffs).toHaveLength(pairs.length);
  for (const diff of diffs) {
    const [, name = '', index = ''] = /^diff --git a\/(f(\d+)) /.exec(diff) ?? [];
    const [before = '', after = ''] = pairs[Number(index)] ?? [];
    expect(apply({ [name]: before }, diff), diff).toEqual({ [name]: after });
  }
});

const FILE = 'one\ntwo\nthree\nfour\nfive\n';
const head = '--- a/f\n+++ b/f\n';

test('files are added, deleted, renamed and copied', () => {
  expect(apply({}, '--- /dev/null\n+++ b/x/y\n@@ -0,0 +1,2 @@\n+a\n+b\n')).toEqual({ 'x/y': 'a\nb\n' });
  expect(apply({ f: 'a\n', g: 'b\n' }, '--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n')).toEqual({ g: 'b\n' });
  const moves = (word: string) =>
    `diff --git a/f b/g\nsimilarity index 90%\n${word} from f\n${word} to g\n--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n`;
  expect(apply({ f: 'a\n' }, moves('rename'))).toEqual({ g: 'b\n' });
  expect(apply({ f: 'a\n' }, moves('copy'))).toEqual({ f: 'a\n', g: 'b\n' });
  expect(apply({}, 'diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n')).toEqual({ e: '' });
});

test('a hunk is put where it fits, when there is only one such place', () => {
  const hunk = '@@ -40,3 +40,3 @@\n three\n-four\n+FOUR\n five\n';
  expect(apply({ f: FILE }, head + hunk)).toEqual({ f: 'one\ntwo\nthree\nFOUR\nfive\n' });
  expect(problem({ f: FILE + FILE }, head + hunk)).toBe('f: hunk 1 does not fit');
  expect(problem({ f: FILE }, head + hunk.replace('three', 'tree'))).toBe('f: hunk 1 does not fit');
});

test.each([
  [
    'a link',
    'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n',
    'l is a symbolic link',
  ],
  ['a file that turns into a link', `diff --git a/f b/f\nold mode 100644\nnew mode 120000\n`, 'f is a symbolic link'],
  [
    'a link by its index line',
    `diff --git a/f b/f\nindex 1..2 120000\n${head}@@ -1 +1 @@\n-one\n+x\n`,
    'f is a symbolic link',
  ],
  ['a submodule', 'diff --git a/s b/s\nnew file mode 160000\n', 's is a submodule'],
  ['a set-uid file', 'diff --git a/s b/s\nnew file mode 104755\n', 's has the mode 104755'],
  ['bytes', 'diff --git a/b b/b\nindex 1..2\nBinary files a/b and b/b differ\n', 'b is binary'],
  ['a binary file', '--- a/bin\n+++ b/bin\n@@ -1 +1 @@\n-x\n+y\n', 'bin is binary'],
  ['a path upwards', '--- /dev/null\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n', '"../x" is no plain relative path'],
  ['an absolute path', '--- /dev/null\n+++ /etc/x\n@@ -0,0 +1 @@\n+x\n', '"/etc/x" is no plain relative path'],
  ['a quoted path', '--- /dev/null\n+++ "b/\\303"\n@@ -0,0 +1 @@\n+x\n', '"\\"b/\\\\303\\"" is no plain relative path'],
  ['a bare head', `${head}@@\n-one\n+x\n`, /^line 3: "@@" is no head of a hunk: one begins with @@ -LINE/],
  [
    'a bare head behind a hunk',
    `${head}@@ -1 +1 @@\n-one\n+x\n@@ def f\n-two\n+y\n`,
    /^line 6: "@@ def f" is no head of/,
  ],
  ['a name and no hunk', `${head}-one\n+x\n`, /^line 1: f is named and no hunk of it follows/],
  ['a hunk without lines', `${head}@@ -1,2 +1,2 @@\nnothing\n`, 'line 3: the hunk has no lines'],
  [
    'wrong counts before a signature',
    `${head}@@ -1,9 +1,9 @@\n one\n-two\n+TWO\n-- \n2.43\n`,
    /where it ends is not known/,
  ],
  ['a hunk without a file', '@@ -1 +1 @@\n-one\n+x\n', 'line 1: a hunk without a file'],
  ['a missing file', '--- a/no\n+++ b/no\n@@ -1 +1 @@\n-x\n+y\n', 'no is not there'],
  ['an addition over a file', '--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\n', 'f is there already'],
  ['half a deletion', '--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n', 'f is deleted with lines left in it'],
  ['the same file twice', `${`${head}@@ -1 +1 @@\n-one\n+x\n`.repeat(2)}`, 'f is changed twice'],
  ['a file below a file', '--- /dev/null\n+++ b/f/x\n@@ -0,0 +1 @@\n+x\n', 'f is a file and a folder'],
  [
    'two names without a rename',
    '--- a/f\n+++ b/g\n@@ -1 +1 @@\n-one\n+x\n',
    'f and g differ, and neither a rename nor a copy is said',
  ],
  ['another name than its head', `diff --git a/g b/g\n${head}@@ -1 +1 @@\n-one\n+x\n`, 'f is not what its head names'],
])('refused: %s', (_, diff, why) => {
  expect(problem({ f: FILE, bin: Uint8Array.of(0, 255) }, diff)).toEqual(
    typeof why === 'string' ? why : expect.stringMatching(why),
  );
});

test('any text is read or refused, never anything else', () => {
  const piece = fc.constantFrom(
    '--- a/f\n',
    '+++ b/f\n',
    '@@ -1,2 +1 @@\n',
    '@@ -0,0 +1 @@\n',
    '@@\n',
    '--- old/f\n+++ new/f\n',
    '-- \n',
    '\r\n',
    ' one\n',
    '-one\n',
    '+x\n',
    '\\ No newline\n',
    '\n',
    'diff --git a/f b/f\n',
    'new file mode 100644\n',
    '--- /dev/null\n',
  );
  fc.assert(
    fc.property(
      fc.array(piece).map((all) => all.join('')),
      (diff) => typeof problem({ f: FILE }, diff) === 'string',
    ),
  );
});

test('paths that a patch may not touch', () => {
  for (const path of [
    ...[
      'conftest.py',
      'a/b/Conftest.PY',
      'sitecustomize.py',
      'x/own.pth',
      '.git/config',
      'setup.cfg',
      'pyproject.toml',
      'tox.ini',
    ],
    ...[
      'package.json',
      'node_modules/a.js',
      'vitest.config.ts',
      '.npmrc',
      '.github/workflows/a.yml',
      'a/__pycache__/b.pyc',
    ],
    ...['unittest.py', 'src/pytest/__init__.py', 'x.dist-info/METADATA', '.env', 'lib/native.so', 'Makefile'],
  ])
    expect(forbidden(path, [], []), path).toBeDefined();
  for (const path of [
    'src/a.py',
    'docs/conftest.md',
    'tests/test_a.py',
    'a/site/page.html',
    'unittests/x.py',
    'README.md',
  ])
    expect(forbidden(path, [], []), path).toBeUndefined();
  expect(forbidden('pyproject.toml', [], ['pyproject.toml'])).toBeUndefined();
  for (const path of ['src/packaging/tags.py', 'packaging/tags.py', 'docs/Makefile', 'lib/deep/packaging.py'])
    expect(forbidden(path, [], []), path).toBeUndefined();
  for (const path of [
    'packaging/__init__.py',
    'src/packaging.py',
    'makefile',
    'docs/pytest.ini',
    'SRC/Packaging/__INIT__.py',
  ])
    expect(forbidden(path, [], []), path).toBeDefined();
  expect(forbidden('data/x', ['data/'], ['data/x'])).toBe('is protected by the task (data/)');
});

test('names with spaces and letters of any language, as git writes them and as people do', () => {
  const at = mkdtempSync(join(folder, 'names'));
  const name = fc
    .array(fc.constantFrom('a', 'b c', 'é', '日本', 'x-1', 'b/', ' b/'), { minLength: 1, maxLength: 4 })
    .map((parts) => `n${parts.join('').replaceAll('/ ', '/').replace(/\/+$/, '')}`);
  const names = [...new Set(fc.sample(name, 60))].filter(
    (one, _, all) => !all.some((other) => other.startsWith(`${one}/`)),
  );
  for (const side of ['a', 'b'])
    for (const one of names) {
      mkdirSync(join(at, side, one, '..'), { recursive: true });
      writeFileSync(join(at, side, one), `${side}\n`);
    }
  for (const quotes of ['true', 'false']) {
    const argv = ['-c', `core.quotePath=${quotes}`, 'diff', '--no-index', '--no-prefix', 'a', 'b'];
    const { stdout } = spawnSync('git', argv, { cwd: at, encoding: 'utf8' });
    const given = Object.fromEntries(names.map((one) => [one, 'a\n']));
    const wanted = Object.fromEntries(names.map((one) => [one, 'b\n']));
    expect(apply(given, stdout), stdout).toEqual(wanted);
  }
  expect(apply({ 'é b': 'a\n' }, '--- a/é b\n+++ b/é b\n@@ -1 +1 @@\n-a\n+b\n')).toEqual({ 'é b': 'b\n' });
  const moved = 'diff --git a/x y b/y z\nsimilarity index 100%\nrename from x y\nrename to y z\n';
  expect(apply({ 'x y': 'a\n' }, moved)).toEqual({ 'y z': 'a\n' });
});

test.each(['"b/a\\012b"', 'b/ a', 'b/a /b', `b/${'é'.repeat(130)}`, 'b/a\\b', 'b/..', '"b/\\056\\056/x"'])(
  'a name that is none: %s',
  (name) => {
    expect(problem({}, `--- /dev/null\n+++ ${name}x\n`.replace('"x\n', '"\n').replace('..x', '..'))).toMatch(
      /no plain relative path/,
    );
  },
);

test('talk behind the last hunk is talk, in a list too', () => {
  const hunk = `${head}@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n`;
  const wanted = { f: FILE.replace('one', 'ONE') };
  expect(apply({ f: FILE }, `${hunk}\n- it was small\n- now it is large\n\n  and + so on\n`)).toEqual(wanted);
  expect(apply({ f: FILE }, `${hunk}What I did:\n- this\n`)).toEqual(wanted);
  expect(problem({ f: FILE }, `${hunk}- right behind it\n`)).toMatch(/hunk 1 does not fit/);
  expect(problem({ f: FILE }, `${hunk}\n- talk\n@@ -4 +4 @@\n-four\n+FOUR\n`)).toMatch(/a hunk without a file/);
});

const BODY = ' one\n-two\n+TWO\n+and a half\n three\n';
const DONE = { f: 'one\nTWO\nand a half\nthree\nfour\nfive\n' };

test('a hunk that miscounts is counted anew', () => {
  for (const counts of ['-1,3 +1,4', '-1,1 +1,1', '-1,7 +1,8', '-1 +1', '-1,3 +1,3', '-1,2 +1,4', '-1,4 +1,5'])
    for (const behind of ['', '\nThat is all.\n', '\n', 'That is all.\n- so\n', '```\n'])
      expect(apply({ f: FILE }, `${head}@@ ${counts} @@\n${BODY}${behind}`), `${counts} ${behind}`).toEqual(DONE);
  // What follows it is still its own.
  const two = `${head}@@ -1,9 +1,9 @@\n${BODY}@@ -5,3 +5,4 @@\n-five\n+FIVE\n--- a/g\n+++ b/g\n@@ -1,3 +1 @@\n-g\n+G\n`;
  expect(apply({ f: FILE, g: 'g\n' }, two)).toEqual({ f: DONE.f.replace('five', 'FIVE'), g: 'G\n' });
  const open = `${head}@@ -1,9 +1,9 @@\n-one\n+ONE\n\\ No newline at end of file\n`;
  expect(problem({ f: FILE }, open)).toMatch(/ends a file that goes on/);
});

test('an empty line of context may lack its blank', () => {
  const given = 'one\n\ntwo\n\nthree\n';
  const diff = `${head}@@ -1,5 +1,5 @@\n one\n\n-two\n+TWO\n\n three\n`;
  expect(apply({ f: given }, diff)).toEqual({ f: given.replace('two', 'TWO') });
  expect(apply({ f: given }, diff.replace('-1,5 +1,5', '-1,4 +1,4'))).toEqual({ f: given.replace('two', 'TWO') });
});

test('a diff may be carried as a text of Windows, whatever the ends of the lines of its files', () => {
  const diff = `${head}@@ -1,3 +1,4 @@\n${BODY}--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+new\n`.replaceAll('\n', '\r\n');
  expect(apply({ f: FILE }, diff)).toEqual({ ...DONE, x: 'new\n' });
  const windows = (text: string) => text.replaceAll('\n', '\r\n');
  expect(apply({ f: windows(FILE) }, diff)).toEqual({ f: windows(DONE.f), x: 'new\n' });
  // As git writes it for such a file: its own lines end as text does elsewhere.
  const git = `${head}@@ -1,3 +1,4 @@\n${windows(BODY)}`;
  expect(apply({ f: windows(FILE) }, git)).toEqual({ f: windows(DONE.f) });
  expect(problem({ f: FILE }, git)).toBe('f: hunk 1 does not fit');
});

test('the two sides may lie in any two folders', () => {
  const hunk = `@@ -1,3 +1,4 @@\n${BODY}`;
  for (const [from, to] of [
    ['old', 'new'],
    ['i', 'w'],
    ['f-1.0', 'f-1.1'],
  ]) {
    expect(apply({ f: FILE }, `diff -ru ${from}/f ${to}/f\n--- ${from}/f\t2024-01-01\n+++ ${to}/f\n${hunk}`)).toEqual(
      DONE,
    );
    const git = `diff --git ${from}/f ${to}/f\n--- ${from}/f\n+++ ${to}/f\n${hunk}`;
    expect(apply({ f: FILE }, git)).toEqual(DONE);
    const added = `${git}diff --git ${from}/x/y ${to}/x/y\nnew file mode 100644\n--- /dev/null\n+++ ${to}/x/y\n@@ -0,0 +1 @@\n+y\n`;
    expect(apply({ f: FILE }, added)).toEqual({ ...DONE, 'x/y': 'y\n' });
  }
  expect(problem({ f: FILE }, `--- old/f\n+++ new/g\n${hunk}`)).toBe(
    'old/f and new/g differ, and neither a rename nor a copy is said',
  );
  expect(problem({ f: FILE }, `--- x/../f\n+++ y/../f\n${hunk}`)).toBe('"../f" is no plain relative path');
});

test('a mark at its beginning, a path with a dot, a file kept beside: each means one thing', () => {
  const hunk = `@@ -1,3 +1,4 @@\n${BODY}`;
  expect(apply({ f: FILE }, `\ufeff${head}${hunk}`)).toEqual(DONE);
  expect(apply({ f: FILE }, `--- ./f\n+++ ./f\n${hunk}`)).toEqual(DONE);
  for (const kept of ['f.orig', 'f.bak', 'f.old', 'f~'])
    expect(apply({ f: FILE }, `--- ${kept}\n+++ f\n${hunk}`)).toEqual(DONE);
  expect(apply({ f: FILE }, `--- f\n+++ f.new\n${hunk}`)).toEqual(DONE);
  expect(apply({ f: FILE }, `diff --git f f\nindex 1..2 100644\n--- f\n+++ f\n${hunk}`)).toEqual(DONE);
  expect(problem({ f: FILE }, `diff --git f.orig f\n--- f.orig\n+++ f\n${hunk}`)).toContain('no two plain paths');
  expect(problem({ f: FILE }, `--- ../f~\n+++ ../f\n${hunk}`)).toContain('no plain relative path');
  expect(problem({ f: FILE }, `--- \n+++ f\n${hunk}`)).toContain('no plain relative path');
  expect(problem({ f: FILE }, `--- g.orig\n+++ f\n${hunk}`)).toContain('differ');
  expect(problem({ f: FILE }, `--- f.original\n+++ f\n${hunk}`)).toContain('differ');
  expect(problem({ f: FILE }, `--- ././../f\n+++ ././../f\n${hunk}`)).toContain('no plain relative path');
});
