import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import { createEnvironments } from '../../../infra/environments/environments.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../../infra/store/folder.ts';
import { pytestTool } from '../../../tests/support/pytest-tool.ts';
import { GREETING, rootFileSystem } from '../../../tests/support/root-file-system.ts';
import { referenceTo } from '../../hacks/variant.ts';
import { artifactOf } from '../../verifiers/artifact.ts';
import type { Instruments } from '../../verifiers/verifier.ts';
import { certifyArtifactTask } from '../certify-artifact.ts';
import type { Environments } from './environment.ts';
import { readHarborTask } from './read-task.ts';
import { SORT_WORDS } from './sort-words.fixture.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const stored = new Map<string, Uint8Array>();
const store = {
  put: async (data: Uint8Array | string): Promise<ArtifactRef> => {
    const ref = referenceTo(data);
    stored.set(ref.sha256, Buffer.from(data));
    return ref;
  },
  get: async ({ sha256 }: ArtifactRef): Promise<Uint8Array> => stored.get(sha256)!,
};
let instruments: Instruments;
beforeAll(async () => {
  instruments = { sandbox: createBubblewrapSandbox(), secret: 's', tools: new Map([['pytest', await pytestTool()]]) };
});

const read = (
  change: Readonly<Record<string, string | Uint8Array | undefined>>,
  using: { readonly environments?: Environments; readonly instruments?: Instruments } = {},
) => {
  const files = Object.entries({ ...SORT_WORDS, ...change }).filter(
    (one): one is [string, string | Uint8Array] => one[1] !== undefined,
  );
  return readHarborTask(
    { name: 'sort-words', files: artifactOf(Object.fromEntries(files)) },
    { store, instruments, seed: 1, ...using },
  );
};

test('a folder becomes a task that is certified', async () => {
  const result = await read({});
  expect(result, JSON.stringify(result)).toHaveProperty('task');
  if (!('task' in result)) return;
  expect(result.task).toMatchObject({
    id: 'harbor/sort-words',
    capability: 'terminal/files',
    baselineSeconds: 60,
    deliverables: [{ path: 'out/', maxBytes: 1_000_000, required: true }],
    check: { ids: ['tests/test_outputs.py::test_sorted', 'tests/test_outputs.py::TestCount::test_lines'] },
    source: { kind: 'harbor', licence: 'Apache-2.0' },
  });
  expect(Object.keys(result.task.gold)).toEqual(['out/count.txt', 'out/sorted.txt']);
  expect(await certifyArtifactTask(result.task, { store, instruments, seed: 1, reruns: 2 })).toMatchObject({
    kept: true,
    reasons: [],
  });
});

test('one that names its root file system is solved, tested and certified on it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-harbor-on-'));
  try {
    chmodSync(folder, 0o755);
    const roots = createFolderStore(join(folder, 'store'));
    const root = await roots.put(await rootFileSystem());
    const { folderOf } = createEnvironments(join(folder, 'environments'), roots);
    const using = {
      environments: new Map([['greeting:1', root]]),
      instruments: { ...instruments, sandbox: createBubblewrapSandbox({ rootOf: folderOf }) },
    };
    const greets = {
      'environment/Dockerfile': 'FROM debian:12\nRUN install-greet\nWORKDIR /app\n',
      'instruction.md': 'Write what greet says into /app/out/said.txt.\n',
      'solution/solve.sh': 'set -e\nmkdir -p /app/out\ngreet > /app/out/said.txt\n',
      'tests/test_outputs.py': `import subprocess


def test_said():
    said = subprocess.run(['greet'], capture_output=True, text=True).stdout
    assert said == open('/app/out/said.txt').read()
    assert said.strip() == '${GREETING}'
`,
    };
    const toml = String(SORT_WORDS['task.toml']).replace('cpus = 1', 'docker_image = "greeting:1"');
    const result = await read({ ...greets, 'task.toml': toml }, using);
    expect(result, JSON.stringify(result)).toMatchObject({ task: { environment: root } });
    if (!('task' in result)) return;
    const certifying = { store, instruments: using.instruments, seed: 1, reruns: 1 };
    expect(await certifyArtifactTask(result.task, certifying)).toMatchObject({ kept: true, reasons: [] });
    // On the machine's own programs nothing of it works.
    const bare = await read({ ...greets, 'environment/Dockerfile': 'FROM debian:12\n' }, using);
    expect('problems' in bare && bare.problems.map(({ path }) => path)).toContain('solution/solve.sh');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('everything that is wrong with a folder is told at once', async () => {
  const result = await read({
    'task.toml': '[metadata]\ncategory = 5\n[metadata.anneal]\nlicence = ""\n',
    'instruction.md': new Uint8Array([0xff]),
    'environment/Dockerfile': 'FROM debian:12\nRUN apt-get install -y jq\n',
    'tests/test_outputs.py': undefined,
    'solution/solve.sh': undefined,
  });
  const problems = 'problems' in result ? result.problems : [];
  expect(problems.map(({ path }) => path)).toEqual([
    'task.toml: metadata.category',
    'task.toml: metadata.anneal.deliverables',
    'task.toml: metadata.anneal.licence',
    'instruction.md',
    'solution/solve.sh',
    'environment/Dockerfile:2',
    'tests/',
  ]);
  for (const { hint, expected } of problems) expect(`${hint}${expected}`.length).toBeGreaterThan(10);
});

test.each([
  ['no TOML', { 'task.toml': 'version = = 1' }, 'task.toml'],
  ['a solution that fails', { 'solution/solve.sh': 'exit 3\n' }, 'solution/solve.sh'],
  ['a solution that leaves nothing', { 'solution/solve.sh': 'true\n' }, 'solution/solve.sh'],
  [
    'a test that nothing can fail',
    { 'tests/test_outputs.py': 'def test_it():\n    return\n    assert 1 == 1\n' },
    'tests/test_outputs.py::test_it',
  ],
  [
    'a deliverable among the tests',
    { 'task.toml': String(SORT_WORDS['task.toml']).replace('out/', 'tests/') },
    'task.toml: metadata.anneal.deliverables.0',
  ],
])('%s', async (_name, change, path) => {
  const result = await read(change);
  expect('problems' in result ? result.problems.map((one) => one.path) : result).toContain(path);
});
