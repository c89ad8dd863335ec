// The folders of a checkout and of a home, by what they hold.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AnnealError } from '../contracts/errors.ts';

export interface Paths {
  readonly cache: string;
  readonly run: string;
  readonly logs: string;
  readonly store: string;
  readonly gateway: string;
  readonly jobs: string;
  readonly keys: string;
  readonly policy: string;
  /** The latest head of the audit log that this machine has seen. */
  readonly auditHead: string;
  /** What was fetched of the places where heads are kept besides. */
  readonly auditKept: string;
  /** What this machine has seen of the registry of people. */
  readonly peopleSeen: string;
  readonly venv: string;
  readonly venvPython: string;
  readonly jaxCache: string;
  readonly temporalDatabase: string;
  /** Signs rollout credentials; shared by worker (mints) and gateway (checks). 32 random bytes in hexadecimal, mode 0600. */
  readonly gatewaySecret: string;
  readonly marker: string;
  readonly trainer: string;
  /** The library of skills that ships (docs/skills.md). */
  readonly skills: string;
  readonly requirementsLock: string;
}

export function pathsOf(root: string, home: string): Paths {
  const cache = join(home, 'cache');
  const trainer = join(root, 'trainer');
  return {
    cache,
    run: join(home, 'run'),
    logs: join(home, 'logs'),
    store: join(home, 'store'),
    gateway: join(home, 'gateway'),
    jobs: join(home, 'jobs'),
    keys: join(home, 'keys'),
    policy: join(home, 'policy'),
    auditHead: join(home, 'audit', 'head.json'),
    auditKept: join(home, 'audit', 'kept'),
    peopleSeen: join(home, 'audit', 'people.json'),
    venv: join(cache, 'venv'),
    venvPython: join(cache, 'venv', 'bin', 'python'),
    jaxCache: join(cache, 'jax'),
    temporalDatabase: join(home, 'temporal', 'temporal.db'),
    gatewaySecret: join(home, 'keys', 'gateway.secret'),
    marker: join(home, 'anneal-home.json'),
    trainer,
    skills: join(root, 'skills'),
    requirementsLock: join(trainer, 'requirements.lock'),
  };
}

/** The nearest folder with a package.json, so that a home is the same one from source and from compiled output in dist/. */
export function repositoryRoot(root: string): string {
  let folder = root;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new AnnealError('internal.bug', 'no package.json at or above the code');
    folder = parent;
  }
  return folder;
}

/** Absolute and free of symbolic links, also where only the folders above exist yet, so that one home has one name. */
export function absolute(folder: string): string {
  const full = resolve(folder);
  if (existsSync(full)) return realpathSync(full);
  const parent = dirname(full);
  return parent === full ? full : join(absolute(parent), basename(full));
}
