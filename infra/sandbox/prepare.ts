// Finding out what isolates on this machine, by trying it: bubblewrap, Python, a user to switch to, and which barriers hold.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxLimits, SandboxRequest } from '../../contracts/ports.ts';
import { findCgroups } from './cgroup.ts';
import { inheritedDescriptors } from './inherited.ts';
import { type Prepared, runPrepared } from './prepared.ts';
import { readRootEntries, SANDBOX_UID } from './profile.ts';
import { DEFAULT_PYTHONS, resolvePython } from './python.ts';
import { seccompFilter } from './seccomp.ts';

const BWRAP_PATHS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const PRLIMIT_PATHS = ['/usr/bin/prlimit', '/bin/prlimit'];
/** The first version that has --disable-userns. */
const OLDEST_BWRAP = [0, 8] as const;
const SELF_TEST: SandboxLimits = {
  wallMs: 10_000,
  memoryBytes: 512 * 2 ** 20,
  diskBytes: 0,
  processes: 8,
  outputBytes: 4_096,
};
const LIMIT_IS_READ_ONLY = /max_user_namespaces/;

export interface PrepareOptions {
  /** The Python that `argv[0] === 'python3'` stands for; a shim or virtual environment is resolved to what it stands on. */
  readonly pythonPath?: string;
  readonly bwrapPath?: string;
  /**
   * Folders outside /usr that every program may read, at the same place inside: toolchains. They must be readable by anybody, and nothing
   * in them may be a secret. A request with a root of its own does without them.
   */
  readonly folders?: readonly string[];
}

export async function prepare(options: PrepareOptions): Promise<Prepared> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw unavailable(`the seccomp filter is for Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  const candidates = options.bwrapPath === undefined ? BWRAP_PATHS : [options.bwrapPath];
  const bwrap = candidates.find((path) => existsSync(path));
  if (bwrap === undefined) throw unavailable(`bubblewrap is not installed (looked at ${candidates.join(', ')})`);
  const prlimit = PRLIMIT_PATHS.find((path) => existsSync(path));
  if (prlimit === undefined) throw unavailable('prlimit is not installed (package util-linux)');
  const base = {
    bwrap,
    version: await bubblewrapVersion(bwrap),
    prlimit,
    filter: seccompFilter(),
    rootLinks: readRootEntries(),
    cgroups: findCgroups(),
    folders: options.folders ?? [],
    inherited: inheritedDescriptors(),
  };

  // As root the kernel ignores RLIMIT_NPROC and an escape would be root's: switch to an ordinary user first. Only when that
  // user cannot read any Python (one that lives in /root) does the sandbox keep root outside, which describe() tells.
  const root = process.getuid?.() === 0;
  const problems: string[] = [];
  for (const uid of root ? [SANDBOX_UID, undefined] : [undefined]) {
    for (const path of options.pythonPath === undefined ? DEFAULT_PYTHONS : [options.pythonPath]) {
      const python = await resolvePython(path).catch((failure: unknown) => {
        if (options.pythonPath !== undefined) throw failure;
        return undefined;
      });
      if (python === undefined) continue;
      const strong: Prepared = { ...base, python, uid, barrier: 'limit and filter' };
      const trouble = await trialRun(strong);
      if (trouble === undefined) return strong;
      problems.push(trouble);
      if (!LIMIT_IS_READ_ONLY.test(trouble)) continue;
      const weaker: Prepared = { ...strong, barrier: 'filter' };
      const more = (await trialRun(weaker)) ?? (await tryToNest(weaker));
      if (more === undefined) return weaker;
      problems.unshift(more);
    }
  }
  if (problems.length === 0) throw new AnnealError('stack.python_missing', 'no Python 3.11 or newer was found');
  throw unavailable(`a trial run failed: ${problems[0]}`);
}

/** Runs Python once inside the profile. Returns what went wrong, or undefined. */
const trialRun = (ready: Prepared): Promise<string | undefined> =>
  expectOf(ready, 'import os; print(os.getpid(), os.getuid())', `1 ${SANDBOX_UID}\n`);

/** Where the filter stands alone, it is tried: unshare, clone and clone3 with a new user name space. */
const tryToNest = (ready: Prepared): Promise<string | undefined> =>
  expectOf(
    ready,
    `import ctypes
c = ctypes.CDLL(None, use_errno=True)
def errno(*call): return ctypes.get_errno() if c.syscall(*call) < 0 else 'made'
print(errno(272, 0x10000000), errno(56, 0x10000011, 0, 0, 0, 0), errno(435, 0, 0))`,
    '1 1 38\n',
  );

async function expectOf(ready: Prepared, program: string, stdout: string): Promise<string | undefined> {
  const request: SandboxRequest = {
    argv: ['python3', '-P', '-s', '-S', '-B', '-c', program],
    files: {},
    stdin: '',
    limits: SELF_TEST,
  };
  try {
    const result = await runPrepared(ready, request, 0);
    if (result.stdout === stdout) return undefined;
    return result.stderr.trim().slice(0, 300) || `the trial ${result.how}, and said ${JSON.stringify(result.stdout)}`;
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

async function bubblewrapVersion(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 }).catch((cause: unknown) => {
    throw unavailable(`${path} does not run`, cause);
  });
  const match = /(\d+)\.(\d+)(?:\.\d+)*/.exec(stdout);
  const [major, minor] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  if (major < OLDEST_BWRAP[0] || (major === OLDEST_BWRAP[0] && minor < OLDEST_BWRAP[1]))
    throw unavailable(`${path} is ${stdout.trim()}; 0.8.0 or newer is needed`);
  return match?.[0] ?? '';
}

function unavailable(reason: string, cause?: unknown): AnnealError {
  const hint =
    'Install bubblewrap 0.8 or newer (apt-get install bubblewrap) and allow user name spaces: ' +
    'sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000, and on Ubuntu ' +
    'kernel.apparmor_restrict_unprivileged_userns=0. Nothing is ever run outside a sandbox.';
  return new AnnealError('sandbox.unavailable', `${reason}. ${hint}`, { cause });
}
