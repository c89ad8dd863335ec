import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { createFolderStore } from '../store/folder.ts';
import { carrySource, layOutSource } from './carry.ts';
import { MOST_SOURCE_BYTES, readSourceFolder, sourceReader } from './read.ts';

let root: string;
let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-carried-'));
  folder = join(root, 'campaign');
  await mkdir(join(folder, 'tasks', 'one'), { recursive: true });
  await writeFile(join(folder, 'a.jsonl'), 'a line\n');
  await writeFile(join(folder, 'tasks', 'one', 'task.toml'), 'x = 1\n');
  store = createFolderStore(join(root, 'store'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('what was carried is read as it was, wherever it is laid out and whatever became of it', async () => {
  const files = await carrySource(folder, ['a.jsonl', 'tasks'], store);
  await rm(folder, { recursive: true });
  const laid = await layOutSource(files, store);
  try {
    expect(Buffer.from(await laid.readFile('a.jsonl')).toString()).toBe('a line\n');
    expect([...(await laid.readFolder('tasks')).keys()]).toEqual(['one/task.toml']);
    expect(() => laid.readFile('b.jsonl')).toThrow('b.jsonl was not carried');
  } finally {
    await laid.close();
  }
});

test('what is kept is put into the store whole, and found by its path; it is not laid out', async () => {
  await writeFile(join(folder, 'root.tar'), 'a large file');
  const files = await carrySource(folder, ['a.jsonl'], store, ['root.tar', 'root.tar']);
  expect(files.read.map(({ what, path }) => [what, path])).toEqual([
    ['kept', 'root.tar'],
    ['file', 'a.jsonl'],
  ]);
  await rm(folder, { recursive: true });
  const laid = await layOutSource(files, store);
  try {
    expect(Buffer.from(await store.get(await laid.keep('root.tar'))).toString()).toBe('a large file');
    expect(() => laid.readFile('root.tar')).toThrow('root.tar was not carried');
    await expect(laid.keep('a.jsonl')).rejects.toThrow('a.jsonl was not carried');
  } finally {
    await laid.close();
  }
});

test('nothing but a plain file is kept', async () => {
  await symlink('/etc/hostname', join(folder, 'link'));
  const reader = sourceReader(folder, store);
  for (const path of ['link', 'tasks']) await expect(reader.keep(path)).rejects.toThrow(/is no plain file/);
  await expect(reader.keep('gone')).rejects.toThrow(/gone is not there/);
  await writeFile(join(folder, 'large'), '');
  await truncate(join(folder, 'large'), 2 ** 35);
  await expect(reader.keep('large')).rejects.toThrow(/34359738368 bytes, more than/);
});

test('a repository is carried without its working tree', async () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      stdio: 'ignore',
    });
  git('init', '-q');
  git('add', 'a.jsonl');
  git('commit', '-q', '-m', 'One');
  await writeFile(join(folder, 'secret.env'), 'not of the history\n');
  const files = await carrySource(root, ['campaign'], store);
  expect(JSON.stringify(files)).not.toContain('secret.env');
  const laid = await layOutSource(files, store);
  try {
    const reader = await laid.openRepository('campaign');
    expect((await reader.commits()).map(({ subject }) => subject)).toEqual(['One']);
  } finally {
    await laid.close();
  }
});

test('a document that leads out of its folder lays nothing out', async () => {
  const object = await store.put('x');
  const files = { '../../out': object };
  const read = [{ what: 'folder' as const, path: 'a', files }];
  await expect(layOutSource({ schema: 'anneal/source-files/v1', read }, store)).rejects.toMatchObject({
    code: 'tasks.source_failed',
  });
});

test('what is too large, missing or no plain file is refused before it is read', async () => {
  await writeFile(join(folder, 'large'), '');
  await truncate(join(folder, 'large'), 8 * MOST_SOURCE_BYTES);
  await expect(carrySource(folder, ['large'], store)).rejects.toThrow(/2147483648 bytes, more than/);
  await expect(carrySource(folder, ['gone'], store)).rejects.toThrow(/gone is not there/);
  await symlink('/etc/hostname', join(folder, 'tasks', 'link'));
  await expect(readSourceFolder(join(folder, 'tasks'))).rejects.toThrow(/link, which is no plain file/);
});
