// The trainer's Python as the stack sets it up, plus what its tests need on top: one environment, made once.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSetupReporter } from '../../cli/view/setup.ts';
import { loadConfig } from '../../infra/config.ts';
import { setUp } from '../../infra/stack/setup/setup.ts';

/** Sets up what is missing and gives the path of the interpreter. */
export async function trainerPython(): Promise<string> {
  const config = loadConfig();
  await setUp(config, createSetupReporter(process.stderr).progress);
  const lock = join(config.repo, 'trainer', 'requirements-dev.lock');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const stamp = join(config.paths.cache, 'venv-tests.stamp');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
    await promisify(execFile)(config.paths.venvPython, [
      '-m',
      'pip',
      'install',
      '-q',
      '--require-hashes',
      '--no-deps',
      '-r',
      lock,
    ]);
    writeFileSync(stamp, hash);
  }
  return config.paths.venvPython;
}
