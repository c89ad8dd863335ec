// The bubblewrap profile as an argument list: pure, so that a test can read what isolates.
import { lstatSync, readlinkSync } from 'node:fs';
import type { SandboxLimits } from '../../contracts/ports.ts';

/** Descriptors that the launcher opens for bubblewrap; none of them survives into the sandbox. */
export const FD = { seccomp: 3, status: 4, block: 5, firstFile: 6 } as const;

export const NAMESPACES = ['user', 'ipc', 'pid', 'net', 'uts', 'cgroup'] as const;

/** The user that a program is inside, and outside too when the worker runs as root. */
export const SANDBOX_UID = 65534;

const OPEN_FILES = 64;
const PATH = '/usr/bin:/bin';
/** Bound one by one where /dev is not bubblewrap's own. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** Images bring their own programs there. */
const OTHER_PATH = `/usr/local/bin:${PATH}`;

export interface ProfileInput {
  readonly argv: readonly string[];
  /** Relative paths in the order of their descriptors; or the folder that stands at /work. */
  readonly files: readonly string[] | { readonly folder: string };
  /** Folders outside /usr that the interpreter needs. */
  readonly binds: readonly string[];
  readonly limits: SandboxLimits;
  /** `/bin`, `/lib`, … as they are on this machine, or everything of another root. */
  readonly rootLinks: readonly RootEntry[];
  /** The folder of another root; undefined: this machine's /usr. */
  readonly root?: string;
  readonly prlimit: string;
  /** The socket that stands at /work/door. */
  readonly door?: string;
  /** The folder that stands at /agent. */
  readonly agent?: string;
  /** The program may read its input at /dev/stdin, and has a /dev/shm; the input's descriptor comes after those of the files. */
  readonly alone?: boolean;
  /** False where the kernel's own limit cannot be set (`Barrier`). */
  readonly disableUserns: boolean;
}

export interface RootEntry {
  readonly path: string;
  /** Target when it is a symbolic link (merged /usr), else a real folder. */
  readonly link: string | undefined;
}

/** How this machine's root refers to its libraries. */
export function readRootEntries(): RootEntry[] {
  return ['/bin', '/sbin', '/lib', '/lib32', '/lib64'].flatMap((path) => {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return [];
    return [{ path, link: entry.isSymbolicLink() ? readlinkSync(path) : undefined }];
  });
}

/**
 * Arguments for bwrap.
 *
 * The program is process 1 of its name space: nothing inside can kill or stop it (the kernel drops such signals), orphans are
 * re-parented to it, and its end takes every other process along. There is no /proc: it is the way to another
 * process's memory, descriptors and environment, and nothing that is judged needs it. Nothing is writable but a sized /tmp,
 * and that only when `diskBytes` is positive; where a program is alone, a /dev/shm as well.
 */
export function bubblewrapArguments(input: ProfileInput): string[] {
  const { limits } = input;
  return [
    ...NAMESPACES.map((name) => `--unshare-${name}`),
    ...(input.disableUserns ? ['--disable-userns'] : []),
    ...['--uid', String(SANDBOX_UID), '--gid', String(SANDBOX_UID), '--cap-drop', 'ALL'],
    ...['--hostname', 'sandbox', '--new-session', '--die-with-parent', '--as-pid-1', '--clearenv'],
    // A fixed hash seed: the order of a set of strings must not differ between two gradings.
    ...[
      '--setenv',
      'PATH',
      input.root === undefined ? PATH : OTHER_PATH,
      '--setenv',
      'LC_ALL',
      'C.UTF-8',
      '--setenv',
      'PYTHONHASHSEED',
      '0',
    ],
    // As `nobody` is on most machines. A home that is there, writable or a candidate's own, would be read by what runs tests.
    ...['--setenv', 'HOME', '/nonexistent', '--setenv', 'USER', 'nobody', '--setenv', 'LOGNAME', 'nobody'],
    ...['--seccomp', String(FD.seccomp), '--json-status-fd', String(FD.status), '--block-fd', String(FD.block)],
    ...(input.root === undefined
      ? ['--ro-bind', '/usr', '/usr', '--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache']
      : []),
    ...input.rootLinks.flatMap(({ path, link }) =>
      link === undefined ? ['--ro-bind', `${input.root ?? ''}${path}`, path] : ['--symlink', link, path],
    ),
    ...input.binds.flatMap((path) => ['--ro-bind', path, path]),
    ...devices(input),
    ...('folder' in input.files
      ? ['--ro-bind', input.files.folder, '/work']
      : ['--dir', '/work', ...input.files.flatMap((name, index) => file(FD.firstFile + index, `/work/${name}`))]),
    // A read-only mount keeps nobody from connecting: a socket's own permissions say who may.
    ...(input.door === undefined ? [] : ['--ro-bind', input.door, '/work/door']),
    ...(input.agent === undefined ? [] : ['--ro-bind', input.agent, '/agent']),
    ...(limits.diskBytes > 0 ? ['--size', String(limits.diskBytes), '--tmpfs', '/tmp'] : []),
    ...['--remount-ro', '/', '--chdir', '/work', '--'],
    ...[input.prlimit, ...resourceLimits(limits), '--', ...input.argv],
  ];
}

const file = (descriptor: number, path: string): string[] => ['--perms', '0444', '--file', String(descriptor), path];

/**
 * Bubblewrap's /dev has links for the standard streams that lead to /proc, which is not there, and nothing can be put in their place; the
 * one here has a file for standard input. Terminals are taken from bubblewrap's.
 */
function devices({ alone = false, files, limits: { diskBytes } }: ProfileInput): string[] {
  if (!alone) return ['--dev', '/dev', '--remount-ro', '/dev'];
  const descriptor = FD.firstFile + ('folder' in files ? 0 : files.length);
  return [
    ...['--tmpfs', '/dev', '--dev', '/dev/own', '--remount-ro', '/dev/own'],
    ...DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...['--symlink', 'own/pts', '/dev/pts', '--symlink', 'own/ptmx', '/dev/ptmx'],
    ...file(descriptor, '/dev/stdin'),
    // Semaphores, and through them pools of processes, lie there.
    ...(diskBytes > 0 ? ['--size', String(diskBytes), '--tmpfs', '/dev/shm'] : []),
    ...['--remount-ro', '/dev'],
  ];
}

/**
 * Set inside, after the user name space exists: RLIMIT_NPROC then counts this sandbox alone. Standard output is a pipe, which
 * RLIMIT_FSIZE does not concern.
 */
function resourceLimits(limits: SandboxLimits): string[] {
  return [
    `--cpu=${Math.ceil(limits.wallMs / 1_000) + 1}`,
    `--as=${limits.memoryBytes}`,
    `--nproc=${limits.processes}`,
    `--fsize=${limits.diskBytes}`,
    `--nofile=${OPEN_FILES}`,
    '--core=0',
    '--memlock=0',
    '--msgqueue=0',
  ];
}
