// Remedies of all manners, made up here, in the real sandbox: what they leave is a change, or they do not fit.
import { expect, test, vi } from 'vitest';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { readSkills } from '../skills/library.ts';
import { MOST_LEFT } from '../workspace/left.ts';
import { proposeByRemedy } from './propose.ts';

vi.setConfig({ testTimeout: 120_000 });

const runWork = openWorkspace(createBubblewrapSandbox());
const bytes = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
const FILES = bytes({ 'a.py': 'a = 1\n', 'pkg/b c.txt': 'b\n', 'pkg/__pycache__/kept.pyc': 'given', 'gone.txt': 'x' });
const found: Diagnosis = {
  ...{ schema: 'anneal/diagnosis/v1', cause: 'exception', summary: 's', confidence: 1, firstFault: null },
  ...{ evidence: [], collective: null, alternatives: [], remedies: ['fix-code'] },
  read: { files: [], bytes: 0, lines: 0, ranks: [], programs: [], metrics: 0, notes: [] },
};

function library(programs: Readonly<Record<string, string>>, seconds = 20) {
  const { skills, problems } = readSkills(
    bytes(
      Object.fromEntries(
        Object.entries(programs).flatMap(([name, program]) => [
          [
            `${name}/SKILL.md`,
            `---\nname: ${name}\ndescription: d\nremedy:\n  for: [fix-code]\n  program: p.py\n  seconds: ${seconds}\n---\n`,
          ],
          [`${name}/p.py`, `import json, os, sys, time\n${program}\n`],
          [`${name}/tests/a/before/x`, ''],
          [`${name}/tests/a/diagnosis.json`, '{}'],
        ]),
      ),
    ),
  );
  expect(problems).toEqual([]);
  return skills;
}
const propose = (programs: Readonly<Record<string, string>>, more: { seconds?: number; diagnosis?: Diagnosis } = {}) =>
  proposeByRemedy({
    ...{ files: FILES, diagnosis: found, skills: library(programs, more.seconds), runWork },
    ...(more.diagnosis === undefined ? {} : { diagnosis: more.diagnosis }),
  });
const why = async (program: string, seconds?: number): Promise<string> => {
  const done = await propose({ one: program }, seconds === undefined ? {} : { seconds });
  return done.how === 'edited' ? `edited ${[...done.edits.keys()]}` : done.tried[0]!.why;
};
const texts = (edits: ReadonlyMap<string, Uint8Array | null>) =>
  Object.fromEntries([...edits].map(([path, one]) => [path, one === null ? null : Buffer.from(one).toString()]));

test('the first that takes the case is the one; what came before it is named; its edits are the difference', async () => {
  const done = await propose({
    a: 'print("not a case of mine")\nsys.exit(3)',
    'b/deeper': 'sys.exit("broken")',
    c: 'pass',
    d: [
      'told = json.load(sys.stdin)',
      'open("a.py", "w").write("a = 2\\n")',
      'open("pkg/b c.txt", "w").write("b\\n")',
      'os.remove("gone.txt")',
      'os.makedirs("new/deep")',
      'open("new/deep/x.txt", "w").write(told["cause"])',
      'os.makedirs("__pycache__"); open("__pycache__/x.pyc", "w").write("junk")',
      'os.makedirs(".git/hooks"); open(".git/hooks/post-commit", "w").write("junk")',
      'open(".coverage", "w").write("junk")',
      'open("pkg/__pycache__/kept.pyc", "w").write("changed")',
      'print("done")',
    ].join('\n'),
    e: 'open("a.py", "w").write("never")',
  });
  if (done.how !== 'edited') throw new Error(JSON.stringify(done));
  expect(done).toMatchObject({ skill: { name: 'd' }, said: 'done' });
  expect(texts(done.edits)).toEqual({
    ...{ 'a.py': 'a = 2\n', 'gone.txt': null, 'new/deep/x.txt': 'exception', 'pkg/__pycache__/kept.pyc': 'changed' },
  });
  const none = await propose({ a: 'print("not mine")\nsys.exit(3)', 'b/deeper': 'sys.exit("broken")', c: 'pass' });
  expect(none).toEqual({
    how: 'not-mine',
    tried: [
      { skill: 'b/deeper', why: 'it failed with exit code 1: broken' },
      { skill: 'a', why: 'not mine' },
      { skill: 'c', why: 'it changed nothing' },
    ],
  });
});

test('whatever it leaves that no change can be: it does not fit, and nothing of it is kept', async () => {
  expect(await why('os.symlink("/etc/passwd", "link")')).toBe('what it left is no change: link is a link');
  expect(await why('os.remove("a.py"); os.symlink("gone.txt", "a.py")')).toContain('a.py is a link');
  expect(await why('os.symlink("pkg", "folder")')).toContain('folder is a link');
  expect(await why('os.link("gone.txt", "again")')).toMatch(/has a second name/);
  expect(await why('os.mkfifo("pipe")')).toContain('pipe is no plain file');
  expect(await why(`open("big", "wb").write(b"x" * ${MOST_LEFT.fileBytes + 1})`)).toContain('more than');
  expect(await why('os.makedirs("many")\nfor n in range(600): open(f"many/{n}", "w").write("x")')).toContain(
    'too much that changed',
  );
  expect(await why('open(b"\\xff\\xfe", "w").write("x")')).toContain('its name is no UTF-8');
  expect(await why('open("with space", "w").write("x")')).toContain('is no plain relative path');
  expect(await why('open("../outside", "w").write("x")')).toBe('it changed nothing');
  expect(await why('open("a.py", "w").write("a = 3"); sys.exit(1)')).toContain('it failed with exit code 1');
  expect(await why('open("a.py", "w").write("a = 3"); time.sleep(60)', 1)).toBe('it ran out of its time');
  expect(await why('open("a.py", "w").write("a = 3"); os.kill(os.getpid(), 9)')).toBe('it was killed');
  expect(await why('print("x" * 10_000_000)')).toBe('it wrote too much');
});

test('a remedy has no network, sees no tests of its own, and the workspace is not on its search path', async () => {
  expect(await why('import socket\nsocket.create_connection(("1.1.1.1", 53), 2)')).toMatch(/exit code 1: .*Error/);
  expect(await why('sys.exit(f"{sorted(os.listdir(os.path.dirname(__file__)))}")')).toContain("['SKILL.md', 'p.py']");
  expect(await why('import a')).toContain("No module named 'a'");
});

test('nothing is tried where nothing is advised', async () => {
  const healthy: Diagnosis = { ...found, cause: 'healthy', remedies: [] };
  expect(await propose({ a: 'open("a.py", "w").write("x")' }, { diagnosis: healthy })).toEqual({
    how: 'not-mine',
    tried: [],
  });
});
