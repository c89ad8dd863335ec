// The command as somebody runs it: on a log, on what is none, and stopped halfway.
import { execFile, spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnosis } from '../../contracts/diagnosis.ts';
import { renderDiagnosis } from '../view/diagnosis.ts';
import { columns } from '../view/text.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const LOGS = fileURLToPath(new URL('../../tests/logs/', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-diagnose-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const done = promisify(execFile)(process.execPath, [MAIN, 'diagnose', ...args], {
    cwd: folder,
    env: { ...process.env, ANNEAL_HOME: join(folder, 'home') },
  });
  return done.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (failure: { code: number; stdout: string; stderr: string }) => ({
      code: failure.code,
      stdout: failure.stdout,
      stderr: failure.stderr,
    }),
  );
}
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return name;
};

const folderNamed = (name: string): string => {
  mkdirSync(join(folder, name), { recursive: true });
  return name;
};

test('a failed run: the cause, its line, and what follows from it', async () => {
  const { code, stdout } = await run(join(LOGS, 'quoted/cuda_oom_then_watchdogs.log'));
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✗ oom-device/);
  expect(stdout).toContain('rank 3');
  // Where a line breaks depends on how long the log's path is.
  const words = stdout.replace(/\s+/g, ' ');
  expect(words).toContain('CUDA out of memory. Tried to allocate 2.50 GiB');
  expect(words).toMatch(/follows from it.*Watchdog caught collective operation timeout/);
});

test('a long path loses its start, never what is said of the place', async () => {
  const deep = folderNamed(`${'a-folder-of-some-length/'.repeat(6)}deep`);
  copyFileSync(join(LOGS, 'quoted/cuda_oom_then_watchdogs.log'), join(folder, deep, 'one.log'));
  const { stdout } = await run(join(deep, 'one.log'));
  expect(stdout).toMatch(/^First fault {2}….*\/deep\/one\.log:36 · rank 3$/m);
  expect(stdout).toMatch(/^ {2}….*\/deep\/one\.log:37 {2}follows from it$/m);
  for (const line of stdout.split('\n')) expect(columns(line)).toBeLessThanOrEqual(80);
});

test('a run that is well', async () => {
  const { code, stdout } = await run(join(LOGS, 'quoted/megatron_whole_run.log'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^✓ healthy\n/);
});

test('as JSON, several files as one run', async () => {
  const ranks = [0, 1, 2, 3].map((rank) => join(LOGS, `quoted/ranks_count_differently/rank${rank}.log`));
  const { code, stdout } = await run('--json', ...ranks);
  expect(code).toBe(1);
  expect(diagnosis.parse(JSON.parse(stdout))).toMatchObject({
    cause: 'collective-desync',
    firstFault: { rank: 2, file: ranks[2] },
    collective: { operation: '_REDUCE_SCATTER_BASE', sequence: 7619, stoppedRanks: [2] },
    read: { ranks: [0, 1, 2, 3] },
  });
});

describe('what is no log', () => {
  test.each([
    ['missing', () => 'nowhere.log', /nowhere\.log is not there/],
    ['a folder', () => folderNamed('some'), /some is a folder/],
    [
      'binary',
      () =>
        file(
          'core',
          Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256),
        ),
      /core is no text/,
    ],
    ['empty', () => file('empty.log', ''), /empty\.log is empty/],
  ])('%s', async (_, make, why) => {
    const { code, stderr } = await run(make());
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
    expect(stderr).toContain('docs/errors/diagnosis.unreadable.md');
  });

  test('of another program, in another language: said to be unknown', async () => {
    const { code, stdout } = await run(file('prosa.txt', 'Der Ofen ist kalt.\nMorgen heizen wir ein.\n'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\? undetermined/);
  });

  test('beside one that is: the other is read', async () => {
    const { code, stdout } = await run(
      join(LOGS, 'real/disk.log'),
      file(
        'core',
        Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256),
      ),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ disk-full[\s\S]*core is no text/);
  });

  test('nothing named: how it is used', async () => expect((await run()).code).toBe(2));
});

test('what is cut or packed is read as far as it goes', async () => {
  const packed = gzipSync(`${'step 1 loss 2.0\n'.repeat(500)}OSError: [Errno 28] No space left on device\n`);
  expect((await run(file('a.log.gz', packed))).stdout).toMatch(/^✗ disk-full/);
  const { code, stdout } = await run(file('b.log.gz', packed.subarray(0, packed.length - 12)));
  expect([0, 1]).toContain(code);
  expect(stdout).toContain('is damaged; what could be unpacked was read');
});

test('Ctrl-C ends it with what was read until then', async () => {
  const long = join(folder, 'long.log');
  for (let turn = 0; turn < 100; turn++)
    appendFileSync(long, 'ValueError: something is wrong here, and it is said again\n'.repeat(50_000));
  const child = spawn(process.execPath, [MAIN, 'diagnose', long], {
    cwd: folder,
    env: { ...process.env, ANNEAL_HOME: join(folder, 'home') },
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  // Earlier nobody listens to the signal yet.
  await expect.poll(() => opened(child.pid!), { timeout: 30_000 }).toContain(long);
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.on('close', resolve));
  // On a fast machine it was read before the signal came.
  expect([130, 1]).toContain(code);
  if (code === 130 && stdout !== '') expect(stdout).toContain('interrupted');
});

function opened(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Descriptors close while they are listed.
    return [];
  }
}

test.each([20, 40, 80, 200])('a page of %i columns is no wider, and nothing steers the terminal', async (width) => {
  const one = join(folder, 'evil.log');
  writeFileSync(
    one,
    `step 1 loss 2\nRuntimeError: \u001b[2J\u001b]0;gone\u0007 CUDA out of memory \u202e${'x'.repeat(500)}\n`,
  );
  const { diagnose } = await import('../../agents/diagnosis/diagnose.ts');
  const page = renderDiagnosis(await diagnose([one]), { width, colour: false });
  for (const line of page) expect(columns(line)).toBeLessThanOrEqual(width);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(page.join('\n')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
});
