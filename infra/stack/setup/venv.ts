// The trainer's virtual environment, made from a lock in which every file is pinned by hash.
//
// A virtual environment cannot be moved (its scripts name its path), so it is built in place and a stamp is written last:
// without a stamp that fits, it is removed and built again. Downloads are cached, so a second try is quick.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { type Config, childEnvironment } from '../../config.ts';
import { capture } from '../../process/capture.ts';
import { readJson, writeJson } from '../json-file.ts';
import { takeLock } from '../lock.ts';
import { pipFailure, pipProgress } from './pip.ts';
import { megabytes, type OnProgress, stepReporter } from './progress.ts';
import type { Python } from './python.ts';

/** Measured: 258 MB of downloads, kept in the cache, and 827 MB installed. */
const NEEDED_BYTES = 1.3e9;

const stamp = z.object({ lock: z.string(), python: z.string(), version: z.string() });

export function stampPath(config: Config): string {
  return join(config.paths.venv, 'anneal-stamp.json');
}

/** Whether the environment is whole and made from the lock as it is now. */
export async function venvIsCurrent(config: Config): Promise<boolean> {
  const made = await readJson(stampPath(config), stamp);
  return made !== undefined && existsSync(config.paths.venvPython) && made.lock === (await lockHash(config));
}

/**
 * Makes the environment unless it is current. Two at once, a stack and a testbed say, would take each other's files away: the second waits.
 * @throws AnnealError `stack.download_failed` (network or hash), `stack.no_space`, `stack.python_missing` (no pip)
 */
export async function ensureVenv(
  config: Config,
  python: Python,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const report = stepReporter('venv', onProgress);
  if (await venvIsCurrent(config)) {
    report('cached', 'the trainer’s Python packages');
    return;
  }
  const onWait = (): void => report('running', 'another process is making it');
  const held = await takeLock(config.paths.venv, 'venv', { signal, onWait });
  try {
    if (await venvIsCurrent(config)) report('cached', 'the trainer’s Python packages');
    else await makeVenv(config, python, report, signal);
  } finally {
    await held.release();
  }
}

async function makeVenv(
  config: Config,
  python: Python,
  report: ReturnType<typeof stepReporter>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const lock = await lockHash(config);
  await requireSpace(config);
  report('running', `a virtual environment from ${python.executable}`);
  await rm(config.paths.venv, { recursive: true, force: true });
  await mkdir(config.paths.cache, { recursive: true });
  const flags = python.ensurepip ? [] : ['--without-pip'];
  const made = await capture([python.executable, '-m', 'venv', ...flags, config.paths.venv], { signal });
  if (made.code !== 0) {
    throw pipFailure(made, 'making the virtual environment', 'stack.python_missing');
  }
  const progress = pipProgress((detail, bytes) => report('running', detail, bytes));
  const installed = await capture(
    [
      ...pipCommand(config, python),
      'install',
      ...['--require-hashes', '--no-deps', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'],
      // Compiling every module costs more time than the few that are imported do at their first import.
      '--no-compile',
      ...['--cache-dir', join(config.paths.cache, 'pip'), '-r', config.paths.requirementsLock],
    ],
    {
      signal,
      onLine: progress.line,
      timeoutMs: 1_800_000,
      env: childEnvironment({ PYTHONNOUSERSITE: '1', PIP_USER: '0' }),
    },
  );
  if (installed.code !== 0) throw pipFailure(installed, 'installing trainer/requirements.lock');
  await writeJson(stampPath(config), { lock, python: python.executable, version: python.version });
  const { packages, bytes } = progress.total();
  report('done', `${packages} packages, ${megabytes(bytes)}`, bytes);
}

/** The environment's own pip, or the base interpreter's pip pointed at the environment. */
function pipCommand(config: Config, python: Python): [string, ...string[]] {
  return python.ensurepip
    ? [config.paths.venvPython, '-m', 'pip']
    : [python.executable, '-m', 'pip', '--python', config.paths.venvPython];
}

async function lockHash(config: Config): Promise<string> {
  const text = await readFile(config.paths.requirementsLock).catch((cause: unknown) => {
    throw new AnnealError('stack.start_failed', `${config.paths.requirementsLock} cannot be read`, { cause });
  });
  return createHash('sha256').update(text).digest('hex');
}

async function requireSpace(config: Config): Promise<void> {
  await mkdir(config.home, { recursive: true });
  const { bavail, bsize } = await statfs(config.home);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new AnnealError(
    'stack.no_space',
    `the trainer’s packages need ${megabytes(NEEDED_BYTES)} below ${config.home}, which has ${megabytes(bavail * bsize)} free`,
  );
}
