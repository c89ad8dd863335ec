// One run with what was found on this machine: its programs, or a root file system of a task's own.
import type { SandboxRequest, SandboxResult } from '../../contracts/ports.ts';
import type { Cgroups } from './cgroup.ts';
import { launch } from './launch.ts';
import { type LaidOut, layOut } from './lay-out.ts';
import { bubblewrapArguments, type RootEntry } from './profile.ts';
import type { PythonInstallation } from './python.ts';

/**
 * What keeps a program from user name spaces of its own, in which it would have capabilities again: the kernel's limit, set by
 * bubblewrap, and the system call filter; or the filter alone. A container's /proc/sys is read-only, and so is that limit in it.
 */
export type Barrier = 'limit and filter' | 'filter';

export interface Prepared {
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

/** What stands in place of the machine's programs. */
export interface OtherRoot {
  /** The folder that it lies in. */
  readonly path: string;
  readonly entries: readonly RootEntry[];
  /** By their paths inside. */
  readonly prlimit: string;
  readonly python: string;
}

export async function runPrepared(
  ready: Prepared,
  request: Omit<SandboxRequest, 'root'>,
  slot: number,
  root?: OtherRoot,
): Promise<SandboxResult> {
  const laid = await layOut(request, ready.uid);
  try {
    return await runLaid(ready, request, laid, slot, root);
  } finally {
    await laid?.remove();
  }
}

function runLaid(
  ready: Prepared,
  request: Omit<SandboxRequest, 'root'>,
  laid: LaidOut | undefined,
  slot: number,
  root: OtherRoot | undefined,
): Promise<SandboxResult> {
  const [program, ...rest] = request.argv;
  const names = Object.keys(request.files).sort();
  const { python, prlimit } =
    root ?? ({ python: ready.python.executable, prlimit: ready.prlimit } satisfies Partial<OtherRoot>);
  return launch({
    bwrap: ready.bwrap,
    args: bubblewrapArguments({
      argv: [program === 'python3' ? python : program, ...rest],
      files: laid === undefined ? names : { folder: laid.folder },
      binds: root === undefined ? [...ready.python.binds, ...ready.folders] : [],
      limits: request.limits,
      rootLinks: root?.entries ?? ready.rootLinks,
      ...(root === undefined ? {} : { root: root.path }),
      prlimit,
      ...(request.door === undefined ? {} : { door: request.door }),
      ...(request.agent === undefined ? {} : { agent: request.agent }),
      ...(request.alone === undefined ? {} : { alone: request.alone }),
      disableUserns: ready.barrier === 'limit and filter',
    }),
    filter: ready.filter,
    files: [
      ...(laid === undefined ? names.map((name) => request.files[name] ?? '') : []),
      ...(request.alone === true ? [request.stdin] : []),
    ],
    stdin: request.stdin,
    limits: request.limits,
    uid: ready.uid,
    cgroup: ready.cgroups.slot(slot),
    inherited: ready.inherited,
    signal: request.signal,
  });
}
