// Against a real git: what a hostile repository would have its reader run must not run, and history must come out as it was made.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRepository } from './reader.ts';

let root: string;
let repository: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
    },
  });
const write = (path: string, text: string): void => {
  mkdirSync(join(repository, path, '..'), { recursive: true });
  writeFileSync(join(repository, path), text);
};
const commit = (message: string): string => {
  git('add', '-A');
  git('commit', '-q', '--no-verify', '-m', message);
  return git('rev-parse', 'HEAD').trim();
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-git-'));
  repository = join(root, 'repository');
  mkdirSync(repository);
  git('init', '-q', '-b', 'main');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('history, changes, snapshots and diffs of a repository', async () => {
  write('a.py', 'one\n');
  write('gone.txt', 'x\n');
  const first = commit('First\n\nWith a body.\n\nAnd more.');
  write('a.py', 'two\n');
  write('tests/test_a.py', 'test\n');
  rmSync(join(repository, 'gone.txt'));
  const second = commit('Second');

  const reader = await openRepository(repository);
  expect(reader.head).toBe(second);
  expect(await reader.commits()).toEqual([
    { id: first, parent: undefined, merge: false, subject: 'First', body: 'With a body.\n\nAnd more.' },
    { id: second, parent: first, merge: false, subject: 'Second', body: '' },
  ]);
  expect(await reader.changes(second)).toEqual([
    { path: 'a.py', how: 'changed' },
    { path: 'gone.txt', how: 'removed' },
    { path: 'tests/test_a.py', how: 'added' },
  ]);
  expect((await reader.changes(first)).map(({ how }) => how)).toEqual(['added', 'added']);
  const files = await reader.snapshot(first);
  expect([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
    ['a.py', 'one\n'],
    ['gone.txt', 'x\n'],
  ]);
  const diff = await reader.diff(second, ['a.py']);
  expect(diff).toContain('--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-one\n+two\n');
  expect(diff).not.toContain('gone');
  expect((await openRepository(repository, first)).head).toBe(first);
});

test('runs nothing that the repository names, and writes nothing into it', async () => {
  const spy = join(root, 'spy');
  const ran = join(root, 'ran');
  writeFileSync(spy, `#!/bin/sh\necho "$0 $*" >> ${ran}\ncat "$1" 2>/dev/null\n`);
  chmodSync(spy, 0o755);
  write('.gitattributes', '*.py diff=spy filter=spy\n');
  write('a.py', 'one\n');
  commit('One');
  write('a.py', 'two\n');
  const second = commit('Two');
  for (const name of ['diff.external', 'diff.spy.command', 'diff.spy.textconv', 'core.fsmonitor', 'core.pager'])
    git('config', name, spy);
  for (const name of ['filter.spy.smudge', 'filter.spy.clean', 'core.sshCommand', 'gpg.program', 'alias.cat-file'])
    git('config', name, spy);
  git('config', 'log.showSignature', 'true');
  git('config', 'core.worktree', repository);
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
    writeFileSync(join(repository, '.git/hooks', hook), `#!/bin/sh\n${spy}\n`);
    chmodSync(join(repository, '.git/hooks', hook), 0o755);
  }
  rmSync(ran, { force: true });
  const before = readdirSync(repository, { recursive: true }).sort();
  const reader = await openRepository(repository);
  await reader.commits();
  await reader.changes(second);
  expect(Buffer.from((await reader.snapshot(second)).get('a.py')!).toString()).toBe('two\n');
  expect(await reader.diff(second, ['a.py'])).toContain('-one\n+two\n');
  expect(existsSync(ran)).toBe(false);
  expect(readdirSync(repository, { recursive: true }).sort()).toEqual(before);
});

test('a replaced commit is read as it was committed', async () => {
  write('a.py', 'one\n');
  const first = commit('One');
  write('a.py', 'other\n');
  const second = commit('Two');
  git('replace', first, second);
  const files = await (await openRepository(repository, first)).snapshot(first);
  expect(Buffer.from(files.get('a.py')!).toString()).toBe('one\n');
});

test('refuses links, and says what is not there', async () => {
  symlinkSync('/etc/passwd', join(repository, 'link'));
  const head = commit('A link');
  const reader = await openRepository(repository);
  await expect(reader.snapshot(head)).rejects.toThrow(`link of ${head} is a link`);
  await expect(openRepository(repository, 'nowhere')).rejects.toMatchObject({ code: 'tasks.source_failed' });
  await expect(openRepository(join(root, 'absent'))).rejects.toThrow(/^the repository cannot be read: git rev-parse: /);
});
