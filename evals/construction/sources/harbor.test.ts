// Harbor folders from disk to a locked set, by the steps of every source.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { artifactSplit } from '../../../contracts/artifact-set.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { carrySource, layOutSource } from '../../../infra/source-files/carry.ts';
import { sourceReader } from '../../../infra/source-files/read.ts';
import { createFolderStore } from '../../../infra/store/folder.ts';
import { pytestTool } from '../../../tests/support/pytest-tool.ts';
import { buildSet } from '../build-set.ts';
import { SORT_WORDS } from '../harbor/sort-words.fixture.ts';
import { sourceNamed } from '../sources.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const sandbox = createBubblewrapSandbox();
const harbor = sourceNamed('harbor')!;
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-harbor-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(folder: string, change: Readonly<Record<string, string | undefined>> = {}): void {
  for (const [path, text] of Object.entries({ ...SORT_WORDS, ...change })) {
    if (text === undefined) continue;
    const place = join(root, folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }
}
const open = (folder: string, environments: Record<string, string> = {}) =>
  harbor.open(harbor.options.parse({ folder, name: 'words', environments }), {
    ...{ sandbox, store: createFolderStore(join(root, 'store')), seed: 3 },
    ...sourceReader(root, createFolderStore(join(root, 'store'))),
  });

test('folders at any depth become a locked set; one that cannot is dropped with everything that is wrong', async () => {
  const words: Readonly<Record<string, string>> = {
    'a/fruit': 'apple\npear\nplum\n',
    trees: 'ash\nelm\noak\n',
    'a/b/birds': 'crow\nowl\ntit\n',
  };
  for (const [name, text] of Object.entries(words)) {
    const [first, second, third] = text.split('\n');
    const tests = String(SORT_WORDS['tests/test_outputs.py']).replace(
      /\[.*\]/,
      `['${first}', '${second}', '${third}']`,
    );
    write(`tasks/${name}`, {
      'environment/words.txt': `${third}\n${first}\n${second}\n`,
      'tests/test_outputs.py': tests,
      'instruction.md': `Sort the ${name.split('/').at(-1)} of /app/words.txt into /app/out/sorted.txt, and write into /app/out/count.txt how many lines about ${text.replaceAll('\n', ' ')}there are.\n`,
    });
  }
  write('tasks/broken', { 'instruction.md': undefined, 'solution/solve.sh': undefined });
  const { lock, lineage } = await buildSet({
    ...{ name: 'words', seed: 3, most: 100, parallel: 2, reruns: 2, source: await open('tasks') },
    shares: { visible: 0.34, gate: 0.33, sealed: 0.33 },
    sieve: { difficulty: { min: 0, max: 1 }, licences: ['Apache-2.0'], alike: 0.95, known: [] },
    instruments: { sandbox, tools: new Map([['pytest', await pytestTool()]]) },
    store: createFolderStore(join(root, 'store')),
    // What certification makes of such a task is seen in harbor/read-task.test.ts; it takes half a minute a task.
    certify: async () => [],
  });
  expect(lineage.records.map(({ id, outcome }) => [id, outcome.what === 'kept' ? 'kept' : outcome])).toEqual([
    ['words/a/b/birds', 'kept'],
    ['words/a/fruit', 'kept'],
    [
      'words/broken',
      {
        what: 'dropped',
        step: 'draft',
        why: [
          'instruction.md: expected a text in UTF-8, got no such file',
          'solution/solve.sh: expected a text in UTF-8, got no such file',
        ],
      },
    ],
    ['words/trees', 'kept'],
  ]);
  const store = createFolderStore(join(root, 'store'));
  const bytes = await store.get(lock.splits.visible.object);
  const [task] = artifactSplit.parse(JSON.parse(Buffer.from(bytes).toString())).tasks;
  expect(task).toMatchObject({ format: 'terminal-state', capability: 'terminal/files', source: { kind: 'harbor' } });
});

test('what the set is made of goes by content: a changed file is another source, another place is not', async () => {
  write('one/task');
  write('elsewhere/task');
  write('two/task', { 'environment/words.txt': 'other\n' });
  const [one, elsewhere, two] = await Promise.all(['one', 'elsewhere', 'two'].map((folder) => open(folder)));
  expect(elsewhere!.description).toEqual(one!.description);
  expect(two!.description).not.toEqual(one!.description);
});

test('root file systems are kept in the store, and the set goes by their content', async () => {
  write('on/task');
  for (const [name, text] of Object.entries({ 'a.tar': 'a root', 'b.tar': 'a root', 'c.tar': 'another' }))
    writeFileSync(join(root, name), text);
  const plain = await open('on');
  const [a, b, c] = await Promise.all(['a.tar', 'b.tar', 'c.tar'].map((tar) => open('on', { 'debian:12': tar })));
  expect(plain.description).not.toHaveProperty('environments');
  const { sha256 } = await createFolderStore(join(root, 'store')).put('a root');
  expect(a!.description).toMatchObject({ environments: { 'debian:12': sha256 } });
  expect(b!.description).toEqual(a!.description);
  expect(c!.description).not.toEqual(a!.description);
  const options = harbor.options.parse({ folder: 'on', name: 'words', environments: { x: 'a.tar', y: 'c.tar' } });
  expect([harbor.reads(options), harbor.keeps?.(options)]).toEqual([['on'], ['a.tar', 'c.tar']]);
  await expect(open('on', { x: 'gone.tar' })).rejects.toMatchObject({ code: 'tasks.source_failed' });
});

test('what was carried with a campaign opens as the same source, in a store that has seen nothing of it', async () => {
  write('carried/task');
  writeFileSync(join(root, 'carried.tar'), 'a root');
  const store = createFolderStore(join(root, 'store'));
  const options = harbor.options.parse({
    folder: 'carried',
    name: 'words',
    environments: { 'debian:12': 'carried.tar' },
  });
  const ports = { sandbox, seed: 3, store: createFolderStore(join(root, 'empty')) };
  const before = await harbor.open(options, { ...ports, ...sourceReader(root, store) });
  const files = await carrySource(root, harbor.reads(options), store, harbor.keeps?.(options));
  rmSync(join(root, 'carried.tar'));
  const laid = await layOutSource(files, store);
  try {
    expect((await harbor.open(options, { ...ports, ...laid })).description).toEqual(before.description);
  } finally {
    await laid.close();
  }
});

test('a folder without any, and one that is not there, are refused', async () => {
  mkdirSync(join(root, 'empty'));
  await expect(open('empty')).rejects.toThrow('empty holds no folder with a task.toml');
  await expect(open('gone')).rejects.toMatchObject({ code: 'tasks.source_failed' });
});
