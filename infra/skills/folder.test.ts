import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOST_FILE_BYTES, MOST_FILES, readSkillFolder } from './folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-skills-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('plain files by path; what tools leave is left out', async () => {
  mkdirSync(join(folder, 'a/b/__pycache__'), { recursive: true });
  writeFileSync(join(folder, 'a/SKILL.md'), 'page');
  writeFileSync(join(folder, 'a/b/x.bin'), Buffer.from([0, 255]));
  writeFileSync(join(folder, 'a/b/__pycache__/x.pyc'), 'x');
  const { files, problems } = await readSkillFolder(folder);
  expect(problems).toEqual([]);
  expect([...files].map(([path, bytes]) => [path, [...bytes]])).toEqual([
    ['a/SKILL.md', [...Buffer.from('page')]],
    ['a/b/x.bin', [0, 255]],
  ]);
});

test('links, devices and what is too large are told of and not read, and the others are', async () => {
  writeFileSync(join(folder, 'secret'), 'secret');
  mkdirSync(join(folder, 'a'));
  symlinkSync('../secret', join(folder, 'a/link'));
  symlinkSync('/etc', join(folder, 'a/etc'));
  execFileSync('mkfifo', [join(folder, 'a/pipe')]);
  writeFileSync(join(folder, 'a/large'), '');
  truncateSync(join(folder, 'a/large'), MOST_FILE_BYTES + 1);
  mkdirSync(join(folder, `deep${'/d'.repeat(25)}`), { recursive: true });
  const { files, problems } = await readSkillFolder(folder);
  expect([...files.keys()]).toEqual(['secret']);
  expect(problems.map(({ path, got }) => `${path}: ${got}`)).toEqual([
    'a/etc: undefined',
    `a/large: has ${MOST_FILE_BYTES + 1} bytes, more than ${MOST_FILE_BYTES}`,
    'a/link: undefined',
    'a/pipe: undefined',
    `deep${'/d'.repeat(24)}: undefined`,
  ]);
});

test('a library that is a link, a file, or not there is a problem; so are too many files', async () => {
  symlinkSync('/etc', join(folder, 'link'));
  writeFileSync(join(folder, 'file'), '');
  for (const name of ['link', 'file', 'none']) {
    const { files, problems } = await readSkillFolder(join(folder, name));
    expect(files.size).toBe(0);
    expect(problems).toMatchObject([{ code: 'skill.unfit', path: '.' }]);
  }
  mkdirSync(join(folder, 'many'));
  for (let at = 0; at <= MOST_FILES; at += 1) writeFileSync(join(folder, 'many', `${at}`), '');
  const { problems } = await readSkillFolder(join(folder, 'many'));
  expect(problems).toMatchObject([{ path: '.', expected: `at most ${MOST_FILES} files and folders` }]);
});
