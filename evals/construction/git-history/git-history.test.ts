// The source on a real repository with real git, in the real sandbox.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEnvironments } from '../../../infra/environments/environments.ts';
import { openRepository } from '../../../infra/git/reader.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../../infra/store/folder.ts';
import { GREETING, rootFileSystem } from '../../../tests/support/root-file-system.ts';
import { PATCH_FILE, patchCheck } from '../../verifiers/patch/check.ts';
import { certifyArtifactTask } from '../certify-artifact.ts';
import type { Draft, Source, SourcePorts, Workbench } from '../source.ts';
import { gitHistory } from './git-history.ts';

let root: string;
let source: Source;
let bench: Workbench;
let ports: SourcePorts;
const gitIn = (folder: string, ...args: string[]): void =>
  void execFileSync('git', ['-C', join(root, folder), '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
    stdio: 'ignore',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null' },
  });
const git = (...args: string[]): void => gitIn('r', ...args);
function commit(message: string, files: Readonly<Record<string, string>>, folder = 'r'): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, folder, path)), { recursive: true });
    writeFileSync(join(root, folder, path), text);
  }
  gitIn(folder, 'add', '-A');
  gitIn(folder, 'commit', '-q', '-m', message);
}

const MIT = 'Permission is hereby granted, free of charge, to any person';
const FIRST = 'def shout(text):\n    return text.upper()\n';
const SECOND = `${FIRST}\n\ndef whisper(text, dots=False):\n    low = text.lower()\n    return low + "..." if dots else low\n`;
const TESTS = (more: string): string =>
  `import unittest\nfrom voices import *\n\n\nclass Voices(unittest.TestCase):\n    def test_shout(self):\n        self.assertEqual(shout("hey you"), "HEY YOU")\n${more}`;
const WHISPER =
  '\n    def test_whisper(self):\n        self.assertEqual(whisper("Be Quiet"), "be quiet")\n        self.assertEqual(whisper("Be Quiet", dots=True), "be quiet...")\n';

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'anneal-history-'));
  mkdirSync(join(root, 'r'));
  git('init', '-q', '-b', 'main');
  commit('Voices', { LICENSE: MIT, 'src/voices.py': FIRST, 'tests/test_voices.py': TESTS('') });
  commit('Texts can be said quietly\n\nIn lower case.\nSee test_whisper.', {
    'src/voices.py': SECOND,
    'tests/test_voices.py': TESTS(WHISPER),
  });
  commit('Say more about voices in the manual', { 'README.md': 'more' });
  commit('Names of things are what they were before', {
    'src/voices.py': `${SECOND}\nOTHER = 1\n`,
    'tests/test_voices.py': `${TESTS(WHISPER)}\n`,
  });
  const store = createFolderStore(join(root, 'store'));
  const sandbox = createBubblewrapSandbox();
  const options = gitHistory.options.parse({ repository: join(root, 'r'), name: 'voices', bugEvery: 2 });
  ports = {
    sandbox,
    store,
    seed: 3,
    openRepository,
    readFile: async () => new Uint8Array(),
    readFolder: async () => new Map(),
    keep: (path: string) => store.putFile(path),
  };
  source = await gitHistory.open(options, ports);
  bench = { instruments: { sandbox, secret: 'a secret of this test' }, store, seed: 3, signal: undefined };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function draft(index: number): Promise<Draft> {
  const { items, next } = await source.draw(null);
  expect(next).toBeNull();
  return source.draft(items[index]!, bench);
}

describe('git-history', () => {
  test('a commit that changes sources with tests becomes a task, and a bug is planted in what it left', async () => {
    const { tasks, dropped } = await draft(1);
    const [fix, bug] = tasks.map(({ task }) => task);
    expect(dropped).toEqual([]);
    const check = patchCheck.parse(fix!.check);
    expect(check).toMatchObject({ kind: 'fix', runner: 'unittest', sources: ['', 'src'] });
    expect(check.kind === 'fix' && check.failToPass).toEqual(['tests/test_voices.py::Voices::test_whisper']);
    expect(fix!.instruction).toMatch(
      /^Texts can be said quietly\n\nIn lower case\.\n\nThese names are expected: `dots`, `whisper`\.\n/,
    );
    expect(fix!.source).toEqual({ kind: 'git-history', name: 'voices', licence: 'MIT' });
    // One commit's files: nothing of the repair, of its tests, or of git.
    expect(Object.keys(fix!.given)).toEqual(['LICENSE', 'src/voices.py', 'tests/test_voices.py']);
    const given = await Promise.all(Object.values(fix!.given).map((ref) => bench.store.get(ref)));
    expect(Buffer.concat(given).toString()).not.toContain('whisper');
    const gold = Buffer.from(await bench.store.get(fix!.gold[PATCH_FILE]!)).toString();
    expect(gold).toContain('+def whisper(');
    expect(gold).not.toContain('test_voices');
    expect(bug!.id).toMatch(/^voices@[0-9a-f]{10}#bug-\d$/);
    expect(bug!.family).toBe(fix!.family);
    expect(tasks[1]!.parents).toEqual([fix!.id]);
  }, 400_000);

  test('other commits are dropped, with the reason', async () => {
    expect((await draft(0)).dropped).toMatchObject([{ why: ['nothing is before it'] }]);
    expect((await draft(2)).dropped).toMatchObject([{ why: ['it changes no tests', 'it changes no sources'] }]);
    const { dropped } = await draft(3);
    expect(dropped.find(({ id }) => id.endsWith('#fix'))?.why).toEqual(['no test fails before and passes after']);
  }, 400_000);

  test('drafts the same twice', async () => {
    const once = await draft(1);
    expect(await draft(1)).toEqual(once);
  }, 400_000);

  test('a repository whose tests take programs that this machine has not is run on the root file system that it names', async () => {
    mkdirSync(join(root, 'g'));
    gitIn('g', 'init', '-q', '-b', 'main');
    const greeting = (end: string): string =>
      `import subprocess\n\n\ndef greeting():\n    return subprocess.run(["greet"], capture_output=True, text=True).stdout.strip()${end}\n`;
    const tests = (said: string): string =>
      `import unittest\nfrom greetings import greeting\n\n\nclass Greetings(unittest.TestCase):\n    def test_greeting(self):\n        self.assertEqual(greeting(), "${said}")\n`;
    const files = (end: string, said: string) => ({
      'src/greetings.py': greeting(end),
      'tests/test_greetings.py': tests(said),
    });
    commit('Greetings', { LICENSE: MIT, ...files('', GREETING) }, 'g');
    commit('Greetings are said aloud, in capital letters', files('.upper()', GREETING.toUpperCase()), 'g');
    writeFileSync(join(root, 'root.tar'), await rootFileSystem());
    chmodSync(root, 0o755);
    const store = createFolderStore(join(root, 'store'));
    const { folderOf } = createEnvironments(join(root, 'environments'), store);
    const sandbox = createBubblewrapSandbox({ rootOf: folderOf });
    const own = { ...bench, instruments: { ...bench.instruments, sandbox } };
    const drafted = async (environment: object) => {
      const given = { repository: join(root, 'g'), name: 'greetings', bugEvery: 0, ...environment };
      const opened = await gitHistory.open(gitHistory.options.parse(given), { ...ports, sandbox });
      const { items } = await opened.draw(null);
      return { opened, draft: await opened.draft(items[1]!, own) };
    };
    const without = await drafted({});
    expect(without.draft).toMatchObject({ tasks: [] });
    expect(without.opened.description).not.toHaveProperty('environment');
    const { opened, draft: on } = await drafted({ environment: join(root, 'root.tar') });
    const [{ task } = { task: undefined }] = on.tasks;
    expect(task?.environment, JSON.stringify(on.dropped)).toEqual(await store.putFile(join(root, 'root.tar')));
    // Named by its content, not by where it lies.
    expect(opened.description).toMatchObject({ environment: task!.environment!.sha256 });
    expect(JSON.stringify(opened.description)).not.toContain('root.tar');
    const certified = await certifyArtifactTask(task!, { store, instruments: own.instruments, seed: 3, reruns: 2 });
    expect(certified).toMatchObject({ kept: true, reasons: [] });
  }, 400_000);
});
