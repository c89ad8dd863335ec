// The bubblewrap adapter of the sandbox port. It refuses to run anything when it cannot isolate.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxLimits, SandboxRequest, SandboxResult } from '../../contracts/ports.ts';
import { createSlots } from '../process/slots.ts';
import { type Cgroups, findCgroups } from './cgroup.ts';
import { inheritedDescriptors } from './inherited.ts';
import { launch } from './launch.ts';
import {
  bubblewrapArguments,
  NAMESPACES,
  type RootEntry,
  readOtherRoot,
  readRootEntries,
  SANDBOX_UID,
} from './profile.ts';
import { DEFAULT_PYTHONS, type PythonInstallation, resolvePython } from './python.ts';
import { seccompFilter } from './seccomp.ts';

const BWRAP_PATHS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const PRLIMIT_PATHS = ['/usr/bin/prlimit', '/bin/prlimit'];
/** The first version that has --disable-userns. */
const OLDEST_BWRAP = [0, 8] as const;
/** Programs with a door, at a time, and the number of their first slot. */
const [MOST_AGENTS, FIRST_AGENT] = [64, 1_000];
const SELF_TEST: SandboxLimits = {
  wallMs: 10_000,
  memoryBytes: 512 * 2 ** 20,
  diskBytes: 0,
  processes: 8,
  outputBytes: 4_096,
};

/**
 * What keeps a program from user name spaces of its own, in which it would have capabilities again: the kernel's limit, set by
 * bubblewrap, and the system call filter; or the filter alone. A container's /proc/sys is read-only, and so is that limit in it.
 */
type Barrier = 'limit and filter' | 'filter';
/** Says so wherever the sandbox is described: `doctor`, a campaign's manifest, its report. */
export const WEAKENED = 'nested user name spaces kept out by seccomp alone';
const LIMIT_IS_READ_ONLY = /max_user_namespaces/;

export interface BubblewrapOptions {
  /** The Python that `argv[0] === 'python3'` stands for; a shim or virtual environment is resolved to what it stands on. */
  readonly pythonPath?: string;
  readonly bwrapPath?: string;
  /**
   * Folders outside /usr that every program may read, at the same place inside: toolchains. They must be readable by anybody, and nothing
   * in them may be a secret. A request with a root of its own does without them.
   */
  readonly folders?: readonly string[];
  /** Runs at a time; more wait, so that a wall-clock limit measures the program and not the queue. Default: cores. */
  readonly concurrency?: number;
}

interface Prepared {
  readonly bwrap: string;
  readonly version: string;
  readonly prlimit: string;
  readonly python: PythonInstallation;
  readonly filter: Buffer;
  readonly rootLinks: readonly RootEntry[];
  readonly cgroups: Cgroups;
  readonly uid: number | undefined;
  readonly barrier: Barrier;
  readonly folders: readonly string[];
  readonly inherited: readonly number[];
}

/**
 * Nothing is checked until first use. The first use finds bubblewrap and Python and runs a trial; while that fails every call
 * throws `sandbox.unavailable` (or `stack.python_missing`) and says what to install or allow.
 */
export function createBubblewrapSandbox(options: BubblewrapOptions = {}): Sandbox {
  const hidden = options.folders?.find((path) => /^\/(tmp|work|dev|proc|sys)(\/|$)/.test(path));
  if (hidden !== undefined)
    throw new AnnealError('internal.bug', `${hidden} would lie where the sandbox has something of its own`);
  const queue = createSlots(options.concurrency ?? availableParallelism());
  // An agent waits for its model most of the time: among the others it would hold up what is judged.
  const agents = createSlots(MOST_AGENTS);
  let preparing: Promise<Prepared> | undefined;
  const prepared = () => {
    preparing ??= prepare(options);
    // A failed preparation is tried again: the user may have installed what was missing.
    preparing.catch(() => {
      preparing = undefined;
    });
    return preparing;
  };

  return {
    async describe() {
      const { version, filter, cgroups, uid, python, barrier } = await prepared();
      const seccomp = createHash('sha256').update(filter).digest('hex').slice(0, 16);
      return [
        `bubblewrap ${version}`,
        `name spaces ${NAMESPACES.join(' ')} mount`,
        `seccomp ${seccomp}`,
        'no /proc, no capabilities, no network, resource limits',
        ...(barrier === 'filter' ? [WEAKENED] : []),
        cgroups.level,
        uid === undefined ? "the worker's user outside" : `user ${uid} outside`,
        `Python ${python.version}`,
      ].join('; ');
    },
    async run(request) {
      checkRequest(request);
      const ready = await prepared();
      const inSlot = async (slot: number): Promise<SandboxResult> => {
        request.signal?.throwIfAborted();
        return runPrepared(ready, request, slot);
      };
      return request.door === undefined ? queue(inSlot) : agents((slot) => inSlot(FIRST_AGENT + slot));
    },
  };
}

function runPrepared(ready: Prepared, request: SandboxRequest, slot: number): Promise<SandboxResult> {
  const [program, ...rest] = request.argv;
  const names = Object.keys(request.files).sort();
  const root = request.root === undefined ? undefined : otherRoot(request.root.path);
  return launch({
    bwrap: ready.bwrap,
    args: bubblewrapArguments({
      argv: [program === 'python3' ? (root?.python ?? ready.python.executable) : program, ...rest],
      fileNames: names,
      binds: root === undefined ? [...ready.python.binds, ...ready.folders] : [],
      limits: request.limits,
      rootLinks: root?.entries ?? ready.rootLinks,
      ...(root === undefined ? {} : { root: root.path }),
      prlimit: root?.prlimit ?? ready.prlimit,
      ...(request.door === undefined ? {} : { door: request.door }),
      ...(request.agent === undefined ? {} : { agent: request.agent }),
      disableUserns: ready.barrier === 'limit and filter',
    }),
    filter: ready.filter,
    files: names.map((name) => request.files[name] ?? ''),
    stdin: request.stdin,
    limits: request.limits,
    uid: ready.uid,
    cgroup: ready.cgroups.slot(slot),
    inherited: ready.inherited,
    signal: request.signal,
  });
}

/** @throws AnnealError `sandbox.failed` when no program could be limited in it */
function otherRoot(path: string) {
  const prlimit = '/usr/bin/prlimit';
  if (!existsSync(join(path, prlimit)))
    throw new AnnealError(
      'sandbox.failed',
      `the root file system of the request has no ${prlimit} (package util-linux)`,
    );
  return { path, prlimit, python: '/usr/bin/python3', entries: readOtherRoot(path) };
}

async function prepare(options: BubblewrapOptions): Promise<Prepared> {
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

function checkRequest(request: SandboxRequest): void {
  for (const name of Object.keys(request.files)) {
    const parts = name.split('/');
    if (name.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..'))
      throw new AnnealError('internal.bug', `not a relative path below /work: ${JSON.stringify(name)}`);
  }
}
