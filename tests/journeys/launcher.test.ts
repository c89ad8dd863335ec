// ./anneal: from any folder, through links, with an old Node in front, and without its packages.
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const launcher = fileURLToPath(new URL('../../anneal', import.meta.url));
let folder: string;

interface Ran {
  readonly code: number | string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}
function run(command: string, args: string[], path = '/usr/bin:/bin', cwd = folder): Promise<Ran> {
  return new Promise((done) => {
    execFile(command, args, { cwd, env: { PATH: path } }, (failure, stdout, stderr) =>
      done({ code: failure?.code ?? 0, stdout, stderr }),
    );
  });
}
function fakeNode(path: string, version: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && { echo v${version}; exit; }\necho "$0" "$@"\nexit 7\n`);
  chmodSync(path, 0o755);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-launcher-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('runs from elsewhere, through a chain of links and through PATH', async () => {
  symlinkSync(launcher, join(folder, 'first'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync('../first', join(folder, 'bin', 'anneal'));
  for (const ran of [
    await run(launcher, ['--help']),
    await run(join(folder, 'bin', 'anneal'), ['--help']),
    await run('bin/anneal', ['--help']),
    await run('/bin/sh', ['-c', 'anneal --help'], `${join(folder, 'bin')}:/usr/bin:/bin`),
  ]) {
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('quickstart');
  }
});

test('takes Node from the packages, else one on PATH that is new enough, and passes arguments and exit code on', async () => {
  const repo = join(folder, 'a repo');
  mkdirSync(join(repo, 'node_modules'), { recursive: true });
  copyFileSync(launcher, join(repo, 'anneal'));
  const main = join(repo, 'cli', 'main.ts');
  fakeNode(join(folder, 'old', 'node'), '20.20.2');
  fakeNode(join(folder, 'new', 'node'), '25.0.0');
  const system = `${join(folder, 'new')}:/usr/bin:/bin`;
  expect(await run(join(repo, 'anneal'), ['a b', '$c'], system)).toMatchObject({
    code: 7,
    stdout: `${join(folder, 'new', 'node')} ${main} a b $c\n`,
  });
  expect(await run(join(repo, 'anneal'), [], `${join(folder, 'old')}:/usr/bin:/bin`)).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/stack\.node_too_old.*found 20\.20\.2(.|\n)*npm ci/),
  });
  fakeNode(join(repo, 'node_modules', 'node', 'bin', 'node'), '24.21.0');
  expect((await run(join(repo, 'anneal'), [], system)).stdout).toContain(join('node_modules', 'node', 'bin', 'node'));
});

test('a clone without packages says what to do', async () => {
  const repo = join(folder, 'fresh');
  mkdirSync(repo);
  copyFileSync(launcher, join(repo, 'anneal'));
  expect(await run(join(repo, 'anneal'), [])).toMatchObject({ code: 5, stderr: expect.stringContaining('npm ci') });
});
