// Patches from whoever: each is taken whole, as what it does to the tree, or refused without a trace.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import type { CommitId } from '../../contracts/change.ts';
import type { MadeCommit, MergeRepository } from '../../contracts/merge.ts';
import { type BareRepository, bareRepository, linkIn, message } from '../../tests/support/bare-repository.ts';
import { openMergeRepository } from './changes.ts';

let repository: BareRepository;
let open: MergeRepository;
let base: CommitId;

beforeAll(async () => {
  repository = bareRepository({
    'a.py': 'one\ntwo\nthree\n',
    'b/c.py': 'c\n',
    'win.txt': 'a\r\nb\r\n',
    'end.txt': 'x',
  });
  linkIn(repository, 'out', '/tmp');
  base = repository.commit('A link', {});
  open = await openMergeRepository(repository.path, 'main');
});
afterEach(() => {
  expect(repository.origin('rev-parse', 'main').trim()).toBe(base);
  expect(readdirSync(repository.path).filter((name) => /index|lock/.test(name))).toEqual([]);
});
afterAll(() => repository.remove());

const apply = (patch: string | Uint8Array): Promise<MadeCommit> =>
  open.commitPatch(base, typeof patch === 'string' ? Buffer.from(patch) : patch, message());
const adding = (path: string, mode = '100644', line = 'x'): string =>
  `diff --git a/${path} b/${path}\nnew file mode ${mode}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${line}\n`;
const changing = (path: string, from: string, to: string): string =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-${from}\n+${to}\n`;

/** As git writes them: length, then 85 letters for five bytes each. */
function base85(data: Buffer): string {
  const letters = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~'];
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += 52) {
    const some = data.subarray(at, at + 52);
    const padded = Buffer.concat([some, Buffer.alloc((4 - (some.length % 4)) % 4)]);
    let line = '';
    for (let word = 0; word < padded.length; word += 4) {
      let value = padded.readUInt32BE(word);
      const five: string[] = [];
      for (let digit = 0; digit < 5; digit += 1) {
        five.unshift(letters[value % 85]!);
        value = Math.floor(value / 85);
      }
      line += five.join('');
    }
    const length = some.length <= 26 ? 64 + some.length : 96 + some.length - 26;
    lines.push(String.fromCharCode(length) + line);
  }
  return lines.join('\n');
}
const binary = (path: string, size: number, data: Buffer): string =>
  `diff --git a/${path} b/${path}\nnew file mode 100644\nindex ${'0'.repeat(40)}..${'1'.repeat(40)}\nGIT binary patch\nliteral ${size}\n${base85(data)}\n\nliteral 0\nHcmV?d00001\n\n`;

describe('is refused', () => {
  test.each<[string, () => string | Uint8Array]>([
    ...[
      ...['../x', 'b/../../x', '.git/hooks/pre-commit', '.GIT/config', 'b/.git/config', '.git /config', '.git./config'],
      ...['.g\u200cit/config', 'GIT~1/config', '.git::$INDEX_ALLOCATION/config', 'b\\..\\x', 'out/x', 'b//x'],
    ].map((path): [string, () => string] => [`a path: ${JSON.stringify(path)}`, () => adding(path)]),
    ['a path in quotes that leads out', () => adding('x').replaceAll('b/x', '"b/\\056\\056/x"')],
    ['nothing', () => ''],
    ['words', () => 'Here is the fix that you asked for.\n'],
    ['bytes', () => Buffer.from([0, 255, 10, 13, 0])],
    ['one that is cut short', () => adding('x').slice(0, -4)],
    ['context that is not there', () => changing('a.py', 'zero', 'x')],
    ['a file that is not there', () => changing('no.py', 'one', 'x')],
    ['a file that is there', () => adding('a.py')],
    ['one of which only a part applies', () => adding('x') + changing('a.py', 'zero', 'x')],
    ['the same file twice, the second time in vain', () => changing('end.txt', 'x', 'y') + adding('a.py')],
    ['other ends of lines', () => changing('a.py', 'one', '1').replaceAll('\n', '\r\n')],
    ['a line that ends otherwise in the file', () => changing('win.txt', 'a', 'c')],
    [
      'no change at all',
      () =>
        changing('a.py', 'one', 'one')
          .replace('@@ -1 +1 @@', '@@ -1,3 +1,3 @@\n one\n two\n three\n')
          .split('-one')[0]!,
    ],
    ['a file in place of a folder', () => adding('a.py/x')],
    ['a folder as a file', () => adding('x', '040000')],
    ['a binary file that says nothing', () => 'diff --git a/x b/x\nBinary files a/x and b/x differ\n'],
    ['a binary file that unpacks to a gigabyte', () => binary('x', 2 ** 30, deflateSync(Buffer.alloc(1_000)))],
    ['a binary file that is larger than it says', () => binary('x', 10, deflateSync(Buffer.alloc(100_000)))],
    ['thousands of files', () => Array.from({ length: 2_001 }, (_, at) => adding(`f/${at}`)).join('')],
    [
      'what is not UTF-8',
      () =>
        Buffer.concat([
          Buffer.from(
            'diff --git "a/\\377" "b/\\377"\nnew file mode 100644\n--- /dev/null\n+++ "b/\\377"\n@@ -0,0 +1 @@\n+x\n',
          ),
        ]),
    ],
    [
      'a rename onto itself',
      () => 'diff --git a/a.py b/a.py\nsimilarity index 100%\nrename from a.py\nrename to a.py\n',
    ],
    [
      'a rename out of the tree',
      () => 'diff --git a/a.py b/../a.py\nsimilarity index 100%\nrename from a.py\nrename to ../a.py\n',
    ],
    ['a copy of what lies outside', () => 'diff --git a/../x b/x\nsimilarity index 100%\ncopy from ../x\ncopy to x\n'],
  ])('%s', async (_, patch) => {
    await expect(apply(patch())).rejects.toMatchObject({ code: 'merge.unfit' });
    for (const left of ['/etc/cron.d/x', join(repository.root, 'x'), '/tmp/x']) expect(existsSync(left)).toBe(false);
  });
});

describe('is taken for what it does', () => {
  const found = ({ paths }: MadeCommit) =>
    paths.map(({ path, from, how, mode }) => [path, from, how, mode.before, mode.after]);
  it('a link, a submodule, a program: their modes say so, and the policy decides', async () => {
    expect(found(await apply(adding('l', '120000', '/etc/passwd')))).toEqual([['l', null, 'added', null, '120000']]);
    const submodule = adding('s', '160000', `Subproject commit ${'1'.repeat(40)}`);
    expect(found(await apply(submodule))).toEqual([['s', null, 'added', null, '160000']]);
    const program = 'diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n';
    expect(found(await apply(program))).toEqual([['a.py', null, 'changed', '100644', '100755']]);
  });
  it('a path from the root of the machine lies in the tree, and a mode is one of git', async () => {
    const absolute = adding('/etc/cron.d/x', '100777').replaceAll('a//', '/').replaceAll('b//', '/');
    expect(found(await apply(absolute))).toEqual([['etc/cron.d/x', null, 'added', null, '100755']]);
    expect(existsSync('/etc/cron.d/x')).toBe(false);
    expect(found(await apply(adding('x').split('@@')[0]!))).toEqual([['x', null, 'added', null, '100644']]);
  });
  it('a file in place of a link', async () => {
    const link =
      'diff --git a/out b/out\ndeleted file mode 120000\n--- a/out\n+++ /dev/null\n@@ -1 +0,0 @@\n-/tmp\n\\ No newline at end of file\n';
    expect(found(await apply(link + adding('out')))).toEqual([['out', null, 'changed', '120000', '100644']]);
  });
  it('a rename and a change of ends, of a file without a newline, of one with other ends', async () => {
    const rename = 'diff --git a/a.py b/d.py\nsimilarity index 100%\nrename from a.py\nrename to d.py\n';
    expect(found(await apply(rename))).toEqual([['d.py', 'a.py', 'renamed', '100644', '100644']]);
    const end =
      'diff --git a/end.txt b/end.txt\n--- a/end.txt\n+++ b/end.txt\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n';
    const made = await apply(
      end + changing('win.txt', 'a\r', 'c\r').replace('@@ -1 +1 @@', '@@ -1,2 +1,2 @@').concat(' b\r\n'),
    );
    expect(repository.origin('show', `${made.commit}:end.txt`)).toBe('x\n');
    expect(repository.origin('show', `${made.commit}:win.txt`)).toBe('c\r\nb\r\n');
  });
  it('attributes of the same patch hide nothing: text stays text in its own patch', async () => {
    const made = await apply(
      adding('.gitattributes', '100644', '* -diff -text') +
        changing('a.py', 'one', '1').replace('@@ -1 +1 @@', '@@ -1,3 +1,3 @@').concat(' two\n three\n'),
    );
    expect(made.paths.map(({ path, binary: isBinary }) => [path, isBinary])).toEqual([
      ['.gitattributes', false],
      ['a.py', false],
    ]);
    expect(Buffer.from(made.patch).toString()).toContain('-one\n+1\n two');
  });
  it('a small binary file', async () => {
    const data = Buffer.from([0, 1, 2, 3, 255]);
    const id = execFileSync('git', ['hash-object', '--stdin'], { input: data, encoding: 'utf8' }).trim();
    const made = await apply(binary('x', 5, deflateSync(data)).replace('1'.repeat(40), id));
    expect(made.paths).toMatchObject([{ path: 'x', binary: true, lines: { added: 0 } }]);
  });
});
