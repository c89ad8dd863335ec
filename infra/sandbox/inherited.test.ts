// A worker that was started with a file open, as a careless supervisor starts it.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test, vi } from 'vitest';
import { withoutInherited } from './inherited.ts';

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), 'anneal-inherited-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOOK = `
import os
for fd in range(3, 65536):
    try: print(fd, os.pread(fd, 100, 0))
    except OSError as error:
        if error.errno != 9: print(fd, error)
`;

/** In a process of its own: only what it is started with is inherited. */
const WORKER = `
import { createBubblewrapSandbox } from ${JSON.stringify(new URL('./bubblewrap.ts', import.meta.url).href)};
import { inheritedDescriptors } from ${JSON.stringify(new URL('./inherited.ts', import.meta.url).href)};
const limits = { wallMs: 20_000, memoryBytes: 2 ** 28, diskBytes: 0, processes: 8, outputBytes: 4_096 };
const { stdout, how } = await createBubblewrapSandbox().run({
  argv: ['python3', '-s', '-P', '-S', '-B', '-c', ${JSON.stringify(LOOK)}],
  files: { 'a.txt': 'a' },
  stdin: '',
  limits,
});
console.log(JSON.stringify({ inherited: inheritedDescriptors(), stdout, how }));
`;

test('no program finds the descriptors that the worker was started with', async () => {
  const path = join(folder, 'canary');
  writeFileSync(path, 'canary of the host', { mode: 0o644 });
  const start = 'exec 3<"$1" 40<"$1" 200<"$1" 900>>"$1"; shift; exec "$@"';
  const node = [process.execPath, '--input-type=module', '--eval', WORKER];
  const { stdout } = await promisify(execFile)('bash', ['-c', start, 'bash', path, ...node]);
  const said = JSON.parse(stdout) as { inherited: number[]; stdout: string; how: string };
  // Node shuts the low ones itself.
  expect(said.inherited).toEqual(expect.arrayContaining([40, 200, 900]));
  expect(said.inherited).not.toContain(3);
  expect(said.how).toBe('exited');
  expect(said.stdout).not.toContain('canary');
  // What is left of each is /dev/null.
  expect(said.stdout.split('\n')).toContain("200 b''");
});

test('nothing is changed where nothing is inherited, or where a pipe stands there anyway', () => {
  expect(withoutInherited(['pipe', 'pipe', 'pipe'], [])).toEqual(['pipe', 'pipe', 'pipe']);
  expect(withoutInherited(['a', 'b', 'c', 'd'], [3])).toEqual(['a', 'b', 'c', 'd']);
  expect(withoutInherited(['a', 'b', 'c'], [5])).toEqual(['a', 'b', 'c', 'ignore', 'ignore', expect.any(Number)]);
});
