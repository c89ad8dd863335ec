// diagnose --follow as somebody runs it: a real process on a file that grows.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diagnosis } from '../../contracts/diagnosis.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-follow-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function started(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'diagnose', ...args, '--follow'], {
    cwd: folder,
    env: { PATH: process.env.PATH, ANNEAL_HOME: join(folder, 'home') },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { said, code, stop: (signal: 'SIGINT' | 'SIGTERM') => child.kill(signal) };
}
function packed(name: string): string[] {
  writeFileSync(join(folder, name), gzipSync('step 1\n'));
  return [name];
}
const FAULT = 'OSError: [Errno 28] No space left on device \u001b[2J\u202e\n';

test.each(['SIGINT', 'SIGTERM'] as const)('the first fault as it appears, and the whole page at %s', async (signal) => {
  writeFileSync(join(folder, 'run.log'), 'step 1 loss 2\n');
  const { said, code, stop } = started('run.log');
  setTimeout(() => appendFileSync(join(folder, 'run.log'), FAULT), 3_000);
  await expect.poll(() => said.stdout, { timeout: 30_000 }).toMatch(/✗ disk-full 95% {2}run\.log:2\n/);
  stop(signal);
  expect(await code).toBe(130);
  expect(said.stdout).toMatch(/\n✗ disk-full {2}confidence 95%\n[\s\S]*First fault {2}run\.log:2/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(said.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(said.stderr).toBe('');
});

test('as JSON, a document a line', async () => {
  writeFileSync(join(folder, 'run.log'), `step 1 loss 2\n${FAULT}`);
  const { said, code, stop } = started('run.log', '--json');
  await expect.poll(() => said.stdout, { timeout: 30_000 }).toMatch(/\n/);
  stop('SIGINT');
  expect(await code).toBe(130);
  const documents = said.stdout
    .trimEnd()
    .split('\n')
    .map((line) => diagnosis.parse(JSON.parse(line)));
  expect(documents.map(({ cause }) => cause)).toEqual(['disk-full', 'disk-full']);
});

test.each<[string, () => string[], RegExp]>([
  ['missing', () => ['nowhere.log'], /nowhere\.log cannot be followed: missing/],
  ['a folder', () => ['.'], /cannot be followed: directory/],
  ['packed', () => packed('a.gz'), /a\.gz is packed/],
  ['too many', () => Array.from({ length: 17 }, (_, at) => `${at}.log`), /at most 16 files/],
  ['a model', () => ['run.log', '--model', 'http://127.0.0.1:9/v1', '--model-name', 'm'], /--follow asks no model/],
])('%s is refused', async (_, args, why) => {
  const { said, code } = started(...args());
  expect(await code).toBe(2);
  expect(said.stderr.replace(/\s+/g, ' ')).toMatch(why);
});
