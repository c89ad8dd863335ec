// Code, locks, machine and sandbox, read from where this runs.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sha256 } from '../contracts/ids.ts';
import type { MadeWith } from '../contracts/made-with.ts';
import type { Sandbox } from '../contracts/ports.ts';
import type { Config } from './config.ts';

/** What decides how a campaign runs. What else lies in the folder, such as the output of a command, makes no result doubtful. */
const SOURCES = [
  ...['activities', 'agents', 'contracts', 'evals', 'gateway', 'infra', 'k8s', 'policies', 'trainer', 'worker'],
  ...['workflows', 'critical.yaml', 'package.json', 'package-lock.json'],
];
const LOCKFILES = ['package-lock.json', 'trainer/requirements.lock', 'critical.yaml'];
const exec = promisify(execFile);

/** `unknown` where the code lies in no repository. */
export async function madeWith(
  { repo, root }: Pick<Config, 'repo' | 'root'>,
  sandbox: Pick<Sandbox, 'describe'>,
): Promise<MadeWith> {
  const git = async (...args: string[]): Promise<string> => {
    try {
      return (await exec('git', ['-C', repo, ...args])).stdout.trim();
    } catch {
      return '';
    }
  };
  const hashOf = (file: string) =>
    sha256.parse(
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('hex'),
    );
  return {
    git: {
      commit: (await git('rev-parse', 'HEAD')) || 'unknown',
      dirty: (await git('status', '--porcelain', '--', ...SOURCES)) !== '',
    },
    lockfiles: Object.fromEntries(LOCKFILES.map((file) => [file, hashOf(file)])),
    machine: { kernel: release(), cpus: cpus().length, arch: process.arch, node: process.version },
    sandbox: await sandbox.describe(),
  };
}
