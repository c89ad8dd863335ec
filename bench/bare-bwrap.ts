// Bubblewrap as somebody would call it who has its arguments: the sandbox's own profile and files, spawned and waited for. No watchdog, no
// bounded output, no control group, no account of how it ended.
import { type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Sandbox, SandboxRequest } from '../contracts/ports.ts';
import { WEAKENED } from '../infra/sandbox/bubblewrap.ts';
import { bubblewrapArguments, FD, readRootEntries, SANDBOX_UID } from '../infra/sandbox/profile.ts';
import { DEFAULT_PYTHONS, resolvePython } from '../infra/sandbox/python.ts';
import { seccompFilter } from '../infra/sandbox/seccomp.ts';

export type RunBare = (request: SandboxRequest) => Promise<void>;

/** What the adapter adds to talk with bubblewrap: how the program ended, and a start that waits for its control group. */
const ADAPTERS_OWN = new Set(['--json-status-fd', '--block-fd']);

/** @param sandbox whose description says with which user, Python and barrier it runs */
export async function bareBwrap(sandbox: Sandbox): Promise<RunBare> {
  const described = await sandbox.describe();
  const python = await pythonOf(described);
  const bwrap = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'].find((path) => existsSync(path))!;
  const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path))!;
  const asUser = described.includes(`user ${SANDBOX_UID} outside`) ? { uid: SANDBOX_UID, gid: SANDBOX_UID } : {};
  const fixed = { binds: python.binds, rootLinks: readRootEntries(), prlimit };
  const filter = seccompFilter();

  return (request) => {
    const [program, ...rest] = request.argv;
    const names = Object.keys(request.files).sort();
    const args = withoutAdapters(
      bubblewrapArguments({
        ...{ ...fixed, files: names, limits: request.limits, disableUserns: !described.includes(WEAKENED) },
        argv: [program === 'python3' ? python.executable : program, ...rest],
      }),
    );
    return run(bwrap, args, asUser, [request.stdin, filter, ...names.map((name) => request.files[name]!)]);
  };
}

async function pythonOf(described: string) {
  for (const path of DEFAULT_PYTHONS) {
    const python = await resolvePython(path).catch(() => undefined);
    if (python !== undefined && described.endsWith(`Python ${python.version}`)) return python;
  }
  throw new Error(`which Python the sandbox runs is not to be found: ${described}`);
}

const withoutAdapters = (args: readonly string[]): string[] =>
  args.filter((one, at) => !ADAPTERS_OWN.has(one) && !ADAPTERS_OWN.has(args[at - 1] ?? ''));

/** @param inputs standard input, the filter, then the files in the order of their descriptors */
function run(bwrap: string, args: string[], user: object, inputs: readonly (string | Uint8Array)[]): Promise<void> {
  const [stdin = '', filter = '', ...files] = inputs;
  const stdio = ['pipe', 'pipe', 'pipe', 'pipe', 'ignore', 'ignore', ...files.map(() => 'pipe')];
  return new Promise((resolve, reject) => {
    const child = spawn(bwrap, args, { env: {}, cwd: '/', stdio, ...user } as SpawnOptions);
    const ends: readonly unknown[] = child.stdio;
    const feed = (at: number, content: string | Uint8Array): void => void (ends[at] as Writable).end(content);
    feed(0, stdin);
    feed(FD.seccomp, filter);
    for (const [index, content] of files.entries()) feed(FD.firstFile + index, content);
    child.stdout?.resume();
    child.stderr?.resume();
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`bare bwrap ended with ${code}`))));
  });
}
