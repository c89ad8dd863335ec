import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test, vi } from 'vitest';
import type { SandboxLimits } from '../../contracts/ports.ts';
import { createBubblewrapSandbox } from './bubblewrap.ts';
import { resolvePython } from './python.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the sandbox's own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'anneal-sandbox-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LIMITS: SandboxLimits = {
  wallMs: 5_000,
  memoryBytes: 256 * 2 ** 20,
  diskBytes: 0,
  processes: 16,
  outputBytes: 10_000,
};
const PYTHON = ['python3', '-s', '-P', '-S', '-B'] as const;

test('files, standard input and exit code go through', async () => {
  const result = await createBubblewrapSandbox().run({
    argv: [...PYTHON, 'a/main.py'],
    files: { 'a/main.py': 'import sys; print(sys.stdin.read() + open("b").read()); sys.exit(7)', b: 'é' },
    stdin: 'in ',
    limits: LIMITS,
  });
  expect(result).toMatchObject({ how: 'exited', exitCode: 7, stdout: 'in é\n', stderr: '' });
});

test('bytes that are no text go in as they are', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const result = await createBubblewrapSandbox().run({
    argv: [
      ...PYTHON,
      '-c',
      'import sys; print(sys.stdin.buffer.read() == open("b", "rb").read() == bytes(range(256)))',
    ],
    files: { b: bytes },
    stdin: bytes,
    limits: LIMITS,
  });
  expect(result).toMatchObject({ stdout: 'True\n', stderr: '' });
});

test('folders of toolchains are shown where they are, read-only; none may hide what the sandbox has of its own', async () => {
  const place = mkdtempSync('/var/tmp/anneal-toolchain-');
  try {
    chmodSync(place, 0o755);
    writeFileSync(join(place, 'version'), '1.2', { mode: 0o644 });
    const source = `print(open("${place}/version").read())\ntry: open("${place}/new", "w")\nexcept OSError as e: print(e.strerror)`;
    const request = { argv: [...PYTHON, '-c', source] as const, files: {}, stdin: '', limits: LIMITS };
    const shown = await createBubblewrapSandbox({ folders: [place] }).run(request);
    expect(shown.stdout).toBe('1.2\nRead-only file system\n');
    expect((await createBubblewrapSandbox().run(request)).stderr).toContain('No such file');
    expect(() => createBubblewrapSandbox({ folders: ['/tmp/go'] })).toThrow(/of its own/);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('describe names what isolates', async () => {
  const text = await createBubblewrapSandbox().describe();
  expect(text).toMatch(/^bubblewrap \d/);
  expect(text).toMatch(/seccomp [0-9a-f]{16}/);
  expect(text).toMatch(/cgroup/);
});

test('a missing program is an exit code; a missing bubblewrap refuses, with a hint', async () => {
  const request = { files: {}, stdin: '', limits: LIMITS };
  const missing = await createBubblewrapSandbox().run({ ...request, argv: ['/usr/bin/no-such-program'] });
  expect(missing).toMatchObject({ how: 'exited', exitCode: 127 });
  const none = createBubblewrapSandbox({ bwrapPath: join(folder, 'bwrap') });
  await expect(none.run({ ...request, argv: ['/usr/bin/true'] })).rejects.toMatchObject({
    code: 'sandbox.unavailable',
    message: expect.stringContaining('apt-get install bubblewrap'),
  });
});

test('an old or broken bubblewrap refuses', async () => {
  const run = (script: string) => {
    const path = join(folder, `bwrap-${script.length}`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return createBubblewrapSandbox({ bwrapPath: path }).run({
      argv: ['/usr/bin/true'],
      files: {},
      stdin: '',
      limits: LIMITS,
    });
  };
  await expect(run('echo bubblewrap 0.4.1')).rejects.toMatchObject({ code: 'sandbox.unavailable' });
  // One that would run the program without isolating it: the trial run notices, for nothing reports a status.
  await expect(
    run(
      'if [ "$1" = --version ]; then echo bubblewrap 0.9.0; else while [ "$1" != -- ]; do shift; done; shift; exec "$@"; fi',
    ),
  ).rejects.toMatchObject({ code: 'sandbox.unavailable' });
});

test('paths that leave /work are refused', async () => {
  const run = createBubblewrapSandbox().run({
    argv: ['/usr/bin/true'],
    files: { '../x': '' },
    stdin: '',
    limits: LIMITS,
  });
  await expect(run).rejects.toMatchObject({ code: 'internal.bug' });
});

test('a virtual environment is resolved to the interpreter it stands on; an unusable one refuses', async () => {
  const link = join(folder, 'python3');
  symlinkSync('/usr/bin/python3', link);
  expect((await resolvePython(link)).executable).toMatch(/^\/usr\/bin\/python3\.\d+$/);
  await expect(resolvePython(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'stack.python_missing' });
});

test('no descriptor of the worker reaches the program', async () => {
  // A worker that was itself started with an open, inheritable descriptor.
  const script = join(folder, 'worker.ts');
  const adapter = new URL('./bubblewrap.ts', import.meta.url).href;
  const source = 'import os\\nfor fd in range(3, 64):\\n  try: os.fstat(fd); print(fd)\\n  except OSError: pass';
  writeFileSync(
    script,
    `import { createBubblewrapSandbox } from '${adapter}';
const result = await createBubblewrapSandbox().run({ argv: ['python3', '-S', '-c', '${source}'], files: {}, stdin: '',
  limits: ${JSON.stringify(LIMITS)} });
console.log(JSON.stringify(result.stdout));`,
  );
  const { stdout } = await promisify(execFile)('/bin/bash', [
    '-c',
    'exec 7</etc/passwd; exec "$0" "$1"',
    process.execPath,
    script,
  ]);
  expect(stdout.trim()).toBe('""');
});

test('when the worker dies, the whole sandbox dies', async () => {
  const script = join(folder, 'dying.ts');
  const adapter = new URL('./bubblewrap.ts', import.meta.url).href;
  const marker = `dying-${process.pid}`;
  const source = 'import os, time\\nif os.fork() == 0: os.setsid()\\ntime.sleep(60)';
  writeFileSync(
    script,
    `import { createBubblewrapSandbox } from '${adapter}';
const limits = ${JSON.stringify({ ...LIMITS, wallMs: 60_000 })};
await createBubblewrapSandbox().run({ argv: ['python3', '-S', '-c', '${source}', '${marker}'], files: {}, stdin: '', limits });`,
  );
  const worker = spawn(process.execPath, [script], { stdio: 'ignore' });
  const alive = () =>
    readdirSync('/proc').filter((entry) => {
      try {
        return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(marker);
      } catch {
        return false;
      }
    }).length;
  await expect.poll(alive, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  worker.kill('SIGKILL');
  await expect.poll(alive, { timeout: 10_000 }).toBe(0);
});
