// Tasks judged on a root file system of their own: what runs a candidate does so there, and finds there what the machine has not.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { Sandbox, SandboxRequest } from '../../contracts/ports.ts';
import { createEnvironments } from '../../infra/environments/environments.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createRandom } from '../../policies/random.ts';
import { GREETING, rootFileSystem } from '../../tests/support/root-file-system.ts';
import { judgeVariant } from '../hacks/judging.ts';
import { referenceTo, type Sample, sampleTask } from '../hacks/variant.ts';
import { ARTIFACT_VERIFIERS } from './artifact-registry.ts';
import { instrumentsFor, sandboxOn } from './environment.ts';
import { isHidden, proposeFlips } from './patch/flips.ts';
import type { TerminalStateCheck } from './terminal-state/terminal-state.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'anneal-judged-on-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const store = createFolderStore(join(folder, 'store'));
const environments = createEnvironments(join(folder, 'environments'), store);
const instruments = { sandbox: createBubblewrapSandbox({ rootOf: environments.folderOf }), secret: 'a secret' };
let environment: ArtifactRef;
beforeAll(async () => {
  environment = await store.put(await rootFileSystem({ files: { 'opt/words.py': 'WORD = "pear"\n' } }));
});

test('the verifiers that run what was handed in say so', () => {
  const running = ARTIFACT_VERIFIERS.filter(({ runsCandidate }) => runsCandidate);
  expect(running.map(({ ref }) => `${ref.name}@${ref.version}`).sort()).toEqual([
    ...['patch@1', 'program@1', 'program@2', 'terminal-state@1'],
  ]);
});

test('such a one gets the root with every request and none of the machine’s toolchains; another one gets neither', async () => {
  const requests: SandboxRequest[] = [];
  const sandbox: Sandbox = {
    describe: async () => 'a sandbox',
    run: async (request) => {
      requests.push(request);
      return { how: 'exited', exitCode: 0, stdout: '', stderr: '', milliseconds: 1 };
    },
  };
  const all = { sandbox, secret: 's', tools: new Map(), toolchains: new Map([['go', { bin: '/opt/go/bin' }]]) };
  const root = referenceTo('a root');
  const own = instrumentsFor(all, { environment: root }, { runsCandidate: true });
  expect(own).toEqual({ secret: 's', tools: all.tools, sandbox: own.sandbox });
  const limits = { wallMs: 1, memoryBytes: 1, diskBytes: 0, processes: 1, outputBytes: 1 };
  await own.sandbox.run({ argv: ['true'], files: {}, stdin: '', limits });
  expect(requests).toEqual([{ argv: ['true'], files: {}, stdin: '', limits, root }]);
  expect(await own.sandbox.describe()).toBe(`a sandbox; on the environment ${root.sha256}`);
  // What is remembered of a sandbox is remembered of it on this root.
  expect(instrumentsFor(all, { environment: root }, { runsCandidate: true }).sandbox).toBe(own.sandbox);
  expect(sandboxOn(sandbox, referenceTo('another'))).not.toBe(own.sandbox);
  expect(instrumentsFor(all, { environment: root }, {})).toBe(all);
  expect(instrumentsFor(all, { environment: null }, { runsCandidate: true })).toBe(all);
});

const TEST = 'tests/test_out.py';
const ID = `${TEST}::Out::test_out`;
const TEXT = `import subprocess
import unittest


class Out(unittest.TestCase):
    def test_out(self):
        said = subprocess.run(['greet'], capture_output=True, text=True).stdout
        self.assertEqual(said.strip(), '${GREETING}')
        self.assertEqual(open('out.txt').read().strip(), 'the answer')
`;
const CHECK: TerminalStateCheck = {
  ...{ runner: 'unittest', tests: { [TEST]: TEXT }, ids: [ID], secondsPerTest: 30 },
  flips: proposeFlips('python', ID, TEXT, createRandom('greets', ID)).filter(isHidden).slice(0, 2),
};
const GREETS: Omit<Sample, 'cheats' | 'honest'> = {
  given: {},
  gold: { 'out.txt': 'the answer\n' },
  task: sampleTask({
    ...{ name: 'greets', format: 'terminal-state', verifier: { name: 'terminal-state', version: 1 } },
    instruction: 'Write the answer into out.txt.',
    deliverables: [{ path: 'out.txt', maxBytes: 100, required: true }],
    gold: {},
    check: CHECK,
  }),
};

const WORD: Omit<Sample, 'cheats' | 'honest'> = {
  given: {},
  gold: { 'main.py': 'import sys\nsys.path.append("/opt")\nfrom words import WORD\nprint(WORD, input())\n' },
  task: sampleTask({
    ...{ name: 'word', format: 'program', verifier: { name: 'program', version: 2 } },
    instruction: 'Print the word and the line.',
    deliverables: [{ path: 'main.py', maxBytes: 1_000, required: true }],
    gold: { 'main.py': '' },
    check: {
      ...{ kind: 'stdio', language: 'python', file: 'main.py', seconds: 5, credit: 'all' },
      ...{ compare: { how: 'exact' }, secretInputs: null },
      cases: [
        { stdin: 'a\n', stdout: 'pear a\n' },
        { stdin: 'b\n', stdout: 'pear b\n' },
      ],
    },
  }),
};

test.each([
  ['the tests of a session', GREETS],
  ['a program', WORD],
])('%s find the programs and modules of the task’s root, and only there', async (_, sample) => {
  const judge = (root: ArtifactRef | null) =>
    judgeVariant(
      { ...sample, task: { ...sample.task, environment: root }, cheats: [], honest: [] },
      sample.gold,
      instruments,
    );
  const judged = await judge(environment);
  expect(judged, JSON.stringify(judged)).toMatchObject({ outcome: 'success', reward: { solved: true } });
  expect(await judge(null)).toMatchObject({ outcome: 'policy_failure' });
});

test('a root that cannot be used ends the judging: it is no fault of the sample, and nothing that another try would mend', async () => {
  const task = { ...WORD.task, environment: await store.put('no tar') };
  const judging = judgeVariant({ ...WORD, task, cheats: [], honest: [] }, WORD.gold, instruments);
  await expect(judging).rejects.toMatchObject({ code: 'environment.unusable' });
});
