// A task's own root file system in place of the machine's programs. What must not come of it is in attacks.test.ts, what must in
// tests/conformance/sandbox.bubblewrap.test.ts.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { SandboxRequest } from '../../contracts/ports.ts';
import { GREETING, type RootOptions, rootFileSystem } from '../../tests/support/root-file-system.ts';
import { tarOf } from '../../tests/support/tar.ts';
import { createEnvironments } from '../environments/environments.ts';
import { createFolderStore } from '../store/folder.ts';
import { createBubblewrapSandbox } from './bubblewrap.ts';
import { readOtherRoot } from './other-root.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'anneal-other-root-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const store = createFolderStore(join(folder, 'store'));
const environments = createEnvironments(join(folder, 'environments'), store);
const sandbox = createBubblewrapSandbox({ rootOf: environments.folderOf });
const keep = async (options: RootOptions = {}): Promise<ArtifactRef> => store.put(await rootFileSystem(options));

const run = (root: ArtifactRef, script: string, more: Partial<SandboxRequest> = {}) =>
  sandbox.run({
    ...{ argv: ['/bin/sh', '-c', script], files: { f: 'file' }, stdin: '', root },
    limits: { wallMs: 20_000, memoryBytes: 256 * 2 ** 20, diskBytes: 4_096, processes: 16, outputBytes: 10_000 },
    ...more,
  });

const GREET: Omit<SandboxRequest, 'limits'> = { argv: ['greet'], files: {}, stdin: '' };
const limits = { wallMs: 20_000, memoryBytes: 256 * 2 ** 20, diskBytes: 0, processes: 8, outputBytes: 1_000 };

let root: ArtifactRef;
beforeAll(async () => {
  root = await keep({
    files: { 'etc/own': 'own', 'tmp/hidden': '', 'work/hidden': '', 'proc/hidden': '', 'run/hidden': '' },
  });
});

test('its files and programs are all there is, and none can be written', async () => {
  const seen = await run(
    root,
    'cat f /etc/own; echo; greet; ls / /tmp /work; echo x > /etc/own; echo x > /usr/local/bin/greet',
  );
  expect(seen.stdout).toBe(
    `fileown\n${GREETING}\n/:\nbin\ndev\netc\nlib\nlib64\nsbin\ntmp\nusr\nwork\n\n/tmp:\n\n/work:\nf\n`,
  );
  expect(seen.stderr).toContain('Read-only file system');
  expect(readFileSync(join(await environments.folderOf(root), 'etc/own'), 'utf8')).toBe('own');
  // What the machine has and the root has not.
  expect(existsSync('/usr/bin/ldd')).toBe(true);
  expect(await run(root, 'ldd')).toMatchObject({ exitCode: 127 });
});

test('python3 is its own; the machine has its own again when nothing else is asked for', async () => {
  const argv = ['python3', '-c', 'import os, json; print(os.path.exists("/etc/own"), json.dumps([1]))'] as const;
  expect((await run(root, '', { argv })).stdout).toBe('True [1]\n');
  expect((await sandbox.run({ argv, files: {}, stdin: '', limits })).stdout).toBe('False [1]\n');
});

test('two tasks with other roots see their own, at the same time', async () => {
  const other = await keep({ files: { 'etc/own': 'another' } });
  const seen = await Promise.all([root, other, root, other].map((one) => run(one, 'cat /etc/own')));
  expect(seen.map(({ stdout }) => stdout)).toEqual(['own', 'another', 'own', 'another']);
});

test.each([
  ['has no prlimit', { without: /^usr\/bin\/prlimit$/ }, /has no \/usr\/bin\/prlimit \(package util-linux\)/],
  ['has no python3', { without: /^usr\/bin\/python3/ }, /has no python3/],
  [
    'has a python3 that is none',
    { files: { 'usr/local/bin/python3': '#!/bin/sh\necho hello\n' } },
    /does not run: its python3 exited and said "hello/,
  ],
  [
    'has one that is too old',
    { files: { 'usr/local/bin/python3': '#!/bin/sh\necho 1 65534 False\n' } },
    /is older than 3.11/,
  ],
  ['lacks what its programs are linked with', { without: /libc\.so/ }, /does not run: .*libc\.so/],
  ['is of another machine', { files: { 'usr/local/bin/python3': '\x7fELF nothing' } }, /does not run/],
])('a root that %s is unusable, and says why', async (_, options, why) => {
  await expect(run(await keep(options), 'true')).rejects.toMatchObject({
    code: 'environment.unusable',
    message: expect.stringMatching(why),
  });
});

test('a root is looked at with its own links, never with this machine’s', () => {
  const made = mkdtempSync(join(folder, 'links-'));
  mkdirSync(join(made, 'usr/bin'), { recursive: true });
  for (const name of ['prlimit', 'python3']) symlinkSync(`/usr/bin/${name}`, join(made, 'usr/bin', name));
  expect(readOtherRoot(made)).toEqual({ why: expect.stringContaining('no /usr/bin/prlimit') });
  rmSync(join(made, 'usr/bin'), { recursive: true });
  symlinkSync('../../../../usr/bin', join(made, 'usr/bin'));
  expect(readOtherRoot(made)).toEqual({ why: expect.stringContaining('no /usr/bin/prlimit') });
  // Links that lead to it inside do.
  rmSync(join(made, 'usr/bin'));
  mkdirSync(join(made, 'opt'));
  symlinkSync('../../opt/./', join(made, 'usr/bin'));
  for (const name of ['prlimit', 'python3']) {
    writeFileSync(join(made, 'opt', `${name}.real`), '', { mode: 0o755 });
    symlinkSync(`/opt/../opt/${name}.real`, join(made, 'opt', name));
  }
  expect(readOtherRoot(made)).toMatchObject({ prlimit: '/usr/bin/prlimit', python: '/usr/bin/python3' });
});

test('a tar that is no root is refused before anything runs', async () => {
  const devices = await store.put(await tarOf([{ name: 'null', type: 'character-device' }]));
  await expect(run(devices, 'true')).rejects.toMatchObject({ code: 'environment.unusable' });
});

test('without a store there is no other root', async () => {
  await expect(createBubblewrapSandbox().run({ ...GREET, root, limits })).rejects.toMatchObject({
    code: 'sandbox.unavailable',
  });
});

test.runIf(process.getuid?.() === 0)('a folder that the sandbox’s user may not enter is named', async () => {
  const closed = mkdtempSync(join(folder, 'closed-'));
  const own = createBubblewrapSandbox({ rootOf: createEnvironments(join(closed, 'kept'), store).folderOf });
  await expect(own.run({ ...GREET, root, limits })).rejects.toMatchObject({
    code: 'environment.unusable',
    message: expect.stringContaining(`${closed}, which`),
  });
  // Mended, it goes on.
  chmodSync(closed, 0o755);
  expect(await own.run({ ...GREET, root, limits })).toMatchObject({ exitCode: 0, stdout: `${GREETING}\n` });
});
