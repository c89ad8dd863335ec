// The home folder: the only place that Anneal writes to. A marker file says that a folder is one; only such a folder is purged.
import { randomBytes, randomUUID } from 'node:crypto';
import { link, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Config } from '../config.ts';
import { deploymentPath } from '../deployment.ts';
import { readJson, writeJson } from './json-file.ts';

const marker = z.object({ schema: z.literal('anneal/home/v1'), createdAt: z.string() });

/** Everything that Anneal puts directly below its home. */
const KNOWN = [
  'anneal-home.json',
  'deployment.json',
  'audit',
  'cache',
  'run',
  'logs',
  'store',
  'gateway',
  'jobs',
  'keys',
  'policy',
  'reports',
  'temporal',
];

/**
 * Makes the home and its folders, readable by their owner alone.
 * @throws AnnealError `cli.usage` when the folder holds other people's files; `stack.no_space`
 */
export async function prepareHome(config: Config): Promise<void> {
  const { home, paths } = config;
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    if ((await readJson(paths.marker, marker)) === undefined) {
      const strangers = (await readdir(home)).filter(
        (name) => !KNOWN.includes(name) && !name.startsWith('anneal-home.json.'),
      );
      if (strangers.length > 0) {
        throw new AnnealError(
          'cli.usage',
          `ANNEAL_HOME=${home} holds files that are not Anneal's (${strangers.slice(0, 3).join(', ')}); name an empty folder`,
        );
      }
      await writeJson(paths.marker, { schema: 'anneal/home/v1', createdAt: new Date().toISOString() });
    }
    const { cache, run, logs, store, gateway, jobs, keys, policy } = paths;
    for (const folder of [cache, run, logs, store, gateway, jobs, keys, policy, dirname(paths.temporalDatabase)]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    await createSecret(paths.gatewaySecret);
    await writeJson(deploymentPath(home), config.deployment);
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
    if (code === 'ENOSPC') throw new AnnealError('stack.no_space', `no space left below ${home}`, { cause: failure });
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOTDIR') {
      throw new AnnealError('cli.usage', `ANNEAL_HOME=${home} cannot be written to (${code})`, { cause: failure });
    }
    throw failure;
  }
}

/** 32 random bytes in hexadecimal, mode 0600, made once and whole. */
async function createSecret(path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
    await link(temporary, path);
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) throw failure;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes the home and everything below it; false when there is none. Symbolic links inside are removed, never followed.
 * @throws AnnealError `cli.usage` when the folder does not prove to be an Anneal home, or holds the repository
 */
export async function removeHome(config: Config): Promise<boolean> {
  const { home, paths, repo } = config;
  const state = await lstat(home).catch(() => undefined);
  if (state === undefined) return false;
  const inside = relative(home, repo);
  const holdsRepository = inside === '' || !inside.startsWith('..');
  const proof = await lstat(paths.marker).catch(() => undefined);
  // The default home is ours by its place, even where nothing but `init` has run.
  const ours = home === join(repo, '.anneal');
  const marked = ours || (proof?.isFile() === true && (await readJson(paths.marker, marker)) !== undefined);
  if (!state.isDirectory() || holdsRepository || !marked) {
    throw new AnnealError('cli.usage', `${home} is not an Anneal home, so nothing was removed`);
  }
  // The marker last: a purge that is interrupted can be repeated.
  for (const name of await readdir(home)) {
    if (join(home, name) !== paths.marker) await rm(join(home, name), { recursive: true, force: true });
  }
  await rm(home, { recursive: true, force: true });
  return true;
}
