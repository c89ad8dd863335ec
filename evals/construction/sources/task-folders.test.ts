// Task folders from disk to a locked set, by the steps of every source.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { artifactSplit } from '../../../contracts/artifact-set.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { sourceReader } from '../../../infra/source-files/read.ts';
import { createFolderStore } from '../../../infra/store/folder.ts';
import { rootFileSystem } from '../../../tests/support/root-file-system.ts';
import { buildSet } from '../build-set.ts';
import { sourceNamed } from '../sources.ts';

vi.setConfig({ testTimeout: 240_000 });
const sandbox = createBubblewrapSandbox();
const taskFolders = sourceNamed('task-folders')!;
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-folders-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const units = (
  name: string,
  count: number,
  change: Readonly<Record<string, unknown>> = {},
): Record<string, string> => ({
  'task.yaml': JSON.stringify({
    verifier: 'structured-data@1',
    instruction: `How many units of ${name} are there? Hand in ${name}.json.`,
    deliverables: [{ path: `${name}.json`, maxBytes: 1_000 }],
    check: {
      ...{ file: `${name}.json`, as: { format: 'json' } },
      schema: { type: 'object', properties: { [name]: {} }, required: [name] },
      checks: [{ kind: 'equals', name: 'units', at: `/${name}`, value: count }],
    },
    ...{ origin: 'made', licence: 'CC0-1.0' },
    ...change,
  }),
  'README.md': 'For whoever reads the folder.\n',
  'given/orders.csv': `name,units\n${name},${count}\n`,
  [`gold/${name}.json`]: JSON.stringify({ [name]: count }),
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const place = join(root, folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }
}

const store = () => createFolderStore(join(root, 'store'));
const open = (folder: string) =>
  taskFolders.open(taskFolders.options.parse({ folder, name: 'made' }), {
    ...{ sandbox, store: store(), seed: 3 },
    ...sourceReader(root, createFolderStore(join(root, 'store'))),
  });
const build = async (folder: string) =>
  buildSet({
    ...{ name: 'made', seed: 3, most: 100, parallel: 2, reruns: 2, source: await open(folder) },
    shares: { visible: 0.34, gate: 0.33, sealed: 0.33 },
    sieve: { difficulty: { min: 0, max: 1 }, licences: ['CC0-1.0'], alike: 0.95, known: [] },
    instruments: { sandbox },
    store: store(),
  });

test('folders become a locked set of certified tasks; a gold that is wrong is dropped', async () => {
  for (const [name, count] of [
    ['pears', 3],
    ['plums', 8],
    ['quinces', 12],
  ] as const)
    write(`good/${name}`, units(name, count));
  write('good/wrong', { ...units('figs', 5), 'gold/figs.json': '{"figs": 6}' });
  const { lock, lineage } = await build('good');
  expect(lineage.records.map(({ id, outcome }) => [id, outcome.what === 'kept' ? 'kept' : outcome])).toEqual([
    ['made/pears', 'kept'],
    ['made/plums', 'kept'],
    ['made/quinces', 'kept'],
    ['made/wrong', { what: 'dropped', step: 'certify', why: [expect.stringMatching(/^the gold is not rewarded/)] }],
  ]);
  const [task] = artifactSplit.parse(
    JSON.parse(Buffer.from(await store().get(lock.splits.visible.object)).toString()),
  ).tasks;
  expect(task).toMatchObject({
    ...{ format: 'structured-data', capability: 'structured-data', verifier: { name: 'structured-data', version: 1 } },
    ...{ source: { kind: 'task-folders', name: 'made', licence: 'CC0-1.0' }, family: expect.stringMatching(/^made@/) },
  });
  expect(Object.keys(task!.given)).toEqual(['orders.csv']);
});

test('everything that is wrong with a folder is told at once', async () => {
  const { verifier: _verifier, ...rest } = JSON.parse(units('pears', 3)['task.yaml']!);
  write('bad/a', { 'task.yaml': JSON.stringify({ ...rest, verifier: 'web-page@9', licence: 3 }), 'notes.txt': '' });
  write('bad/b', { ...units('plums', 8, { check: { file: 'plums.json' } }), 'gold/other.json': '{}' });
  write('bad/c', { 'task.yaml': 'verifier: &name patch@1\nother: *name\n' });
  write('bad/d', units('figs', 3, { verifier: 'patch@1' }));
  for (const [name, count] of [
    ['nuts', 3],
    ['sloes', 8],
    ['medlars', 12],
  ] as const)
    write(`bad/good/${name}`, units(name, count));
  const { lineage } = await build('bad');
  const why = Object.fromEntries(
    lineage.records.map(({ id, outcome }) => [id, outcome.what === 'dropped' ? outcome.why : 'kept']),
  );
  expect(why).toEqual({
    'made/a': [
      expect.stringMatching(/^licence: /),
      expect.stringMatching(/^verifier: expected one of .*web-page@3.*, got web-page@9$/),
      'gold/: expected the files that solve the task, got none',
      'notes.txt: expected task.yaml, given/, gold/ and nothing else but Markdown beside it',
    ],
    'made/b': [
      expect.stringMatching(/^check\.as: /),
      expect.stringMatching(/^check\.schema: /),
      expect.stringMatching(/^check\.checks: /),
      'gold/other.json is not among the deliverables',
    ],
    'made/c': ['task.yaml holds an alias'],
    'made/d': [expect.stringMatching(/^verifier: .* the source git-history makes them$/)],
    ...{ 'made/good/nuts': 'kept', 'made/good/sloes': 'kept', 'made/good/medlars': 'kept' },
  });
});

test('a program may name the root file system that it runs on; what nothing runs of may not, and no unknown one', async () => {
  const doubles = (change: Readonly<Record<string, unknown>>) => ({
    'task.yaml': JSON.stringify({
      ...{ verifier: 'program@1', instruction: 'Write main.py, which prints twice the number that it reads.' },
      deliverables: [{ path: 'main.py', maxBytes: 1_000 }],
      check: {
        ...{ kind: 'stdio', language: 'python', file: 'main.py', secretInputs: null },
        ...{ cases: [{ stdin: '2', stdout: '4' }], compare: { how: 'tokens' } },
      },
      ...{ origin: 'made', licence: 'CC0-1.0' },
      ...change,
    }),
    'gold/main.py': 'print(2 * int(input()))\n',
  });
  write('on/known', doubles({ environment: 'numbers:1' }));
  write('on/unknown', doubles({ environment: 'letters:1' }));
  write('on/shown', units('pears', 3, { environment: 'numbers:1' }));
  const bytes = await rootFileSystem();
  writeFileSync(join(root, 'numbers.tar'), bytes);
  const options = { folder: 'on', name: 'made', environments: { 'numbers:1': 'numbers.tar' } };
  const source = await taskFolders.open(taskFolders.options.parse(options), {
    ...{ sandbox, store: store(), seed: 3 },
    ...sourceReader(root, store()),
  });
  const { items } = await source.draw(null as never);
  const drafts = await Promise.all(
    items.map(async (item) => source.draft(item, { store: store(), seed: 3, instruments: { sandbox } } as never)),
  );
  const said = drafts.flatMap(({ tasks, dropped }) => [
    ...tasks.map(({ task }) => [task.id, task.environment]),
    ...dropped.map(({ id, why }) => [id, why]),
  ]);
  const tar = await store().put(bytes);
  expect(Object.fromEntries(said)).toEqual({
    'made/known': tar,
    'made/unknown': ['environment: expected one of numbers:1, got letters:1'],
    'made/shown': ['environment: expected none, since structured-data runs nothing of what is handed in'],
  });
  expect(source.description).toMatchObject({ environments: { 'numbers:1': tar.sha256 } });
});

test('where too few tasks are left for three splits, the error says what became of the others', async () => {
  write('few/pears', units('pears', 3));
  write('few/wrong', { ...units('figs', 5), 'gold/figs.json': '{"figs": 6}' });
  await expect(build('few')).rejects.toThrow(/1 families .* without any\. Dropped: wrong: the gold is not rewarded/);
});

test('the set goes by content: a changed file is another source, another place is not', async () => {
  write('one/task', units('pears', 3));
  write('elsewhere/task', units('pears', 3));
  write('two/task', units('pears', 4));
  const [one, elsewhere, two] = await Promise.all(['one', 'elsewhere', 'two'].map(open));
  expect(elsewhere!.description).toEqual(one!.description);
  expect(two!.description).not.toEqual(one!.description);
});

test('a folder without any is refused', async () => {
  mkdirSync(join(root, 'empty'));
  await expect(open('empty')).rejects.toThrow('empty holds no folder with a task.yaml');
});

test('the pages and the report of example 41 can be read', async () => {
  cpSync(join(import.meta.dirname, '../../../examples/41-task-folders/tasks'), join(root, 'example'), {
    recursive: true,
  });
  const source = await open('example');
  const { items } = await source.draw(null);
  const bench = { instruments: { sandbox, secret: 'x' }, store: store(), seed: 3, signal: undefined };
  const drafts = await Promise.all(items.map((item) => source.draft(item, bench)));
  expect(drafts.flatMap(({ dropped }) => dropped)).toEqual([]);
  expect(new Set(drafts.flatMap(({ tasks }) => tasks.map(({ task }) => task.format)))).toEqual(
    new Set(['web-page', 'document']),
  );
});
